// The second half of a measurement, on a board: program, run, read back, compare. prepare.h has the
// first.
#pragma once

#include "device-agent/measure/board.h"
#include "device-agent/measure/measurement.h"
#include "device-agent/measure/prepare.h"
#include "device-agent/measure/step.h"

namespace boardloop {

// Always returns a measurement: its outcome says what went wrong, and whose it is. After a failure
// the board is brought into a known state by the next. One that is complete leaves the board alone
// and gets its name only.
// board  of the type that it was prepared for
Measurement MeasurePrepared(const PreparedMeasurement& prepared, Board& board,
                            const StepObserver& observer);

}  // namespace boardloop

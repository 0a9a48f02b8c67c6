// Measurements as text for people.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "boardloop/v1/measure_service.pb.h"
#include "boardloop/v1/measurement.pb.h"
#include "cli/command.h"
#include "cli/table.h"
#include "google/protobuf/repeated_field.h"

namespace boardloop {

// Board, latency, memory, exactness; what was not measured is left out.
std::string MeasurementText(const v1::Measurement& measurement);
// One line an operator, with its share of the cycles.
Table OperatorsTable(const v1::Measurement& measurement);

// What `measure` and `show` say of a job; with `layers` also the operators.
std::string MeasurementJobText(const v1::MeasurementJob& job, absl::Time now, bool layers);
// One line a job, as `list --measurements` prints it.
Table MeasurementJobsTable(const google::protobuf::RepeatedPtrField<v1::MeasurementJob>& jobs,
                           absl::Time now);

bool HasEnded(const v1::MeasurementJob& job);
// What a job that has ended means for a script: measured, does not fit, failed, cancelled, refused.
ExitCode ExitCodeOf(const v1::MeasurementJob& job);

}  // namespace boardloop

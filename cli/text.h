// Text made safe for where it is shown: core's, for the files that name it by this header.
#pragma once

#include "core/base/text.h"  // IWYU pragma: export

// The command that mends what is missing, for the system at hand.
#pragma once

#include <string>

#include "cli/doctor/host.h"

namespace boardloop {

// `packages` are those of Debian and Ubuntu, which have the same names for what we need (deploy/install-deps.sh): "gnuplot-nox".
// Elsewhere a sentence that names them.
std::string InstallFix(const Host& host, const std::string& packages);

// For one of our programs.
std::string BuildFix(const std::string& program);

}  // namespace boardloop

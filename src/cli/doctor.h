// `weir doctor`: examines this machine for what interception needs, and names what to fix with the
// command that fixes it. Changes nothing. Main thread.
#pragma once

#include <string>

namespace weir {

struct DoctorArguments {
  std::string file;
  bool json = false;
};

// Returns the exit status: 1 when something fails.
[[nodiscard]] int run_doctor(const DoctorArguments& arguments);

}  // namespace weir

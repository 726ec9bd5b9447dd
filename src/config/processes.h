// The processes that a section means: users and control groups, as lists of them are written. No
// state; the thread that loads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "config/files.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

// Users by name, which must exist, or by number.
[[nodiscard]] std::vector<UserSetting> users_of(const Settings& settings, std::string_view key,
                                                const Files& files, Findings& findings);
// Paths of control groups from the root of their hierarchy, whether they are there or not.
[[nodiscard]] std::vector<std::string> cgroups_of(const Settings& settings, std::string_view key,
                                                  Findings& findings);

}  // namespace weir

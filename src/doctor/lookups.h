// Looks up the names of servers as the gateway would, through the configured name servers. No state
// but a loop for the call, which blocks. Any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "doctor/subject.h"

namespace weir::doctor {

struct NameLookup {
  std::vector<Address> addresses;
  std::string error;  // when there are none
};

// `name_servers` empty: the system's.
[[nodiscard]] std::map<std::string, NameLookup> look_up(const std::set<std::string>& names,
                                                        std::span<const Endpoint> name_servers,
                                                        Mark bypass);

// The names among the servers that flows may go to.
[[nodiscard]] std::set<std::string> names_in(const Subject& subject);

}  // namespace weir::doctor

// A user name and password for a proxy. Never logged, shown or put into an error. Immutable; shared
// by an upstream and its handshakes. Any thread.
#pragma once

#include <string>

namespace weir {

struct Credentials {
  std::string username;
  std::string password;
  [[nodiscard]] bool empty() const { return username.empty(); }
  bool operator==(const Credentials&) const = default;
};

}  // namespace weir

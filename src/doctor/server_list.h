// The servers that TCP flows may go to, with addresses and a port to try. Plain values; reading
// looks names up. Any thread.
#pragma once

#include <string>
#include <vector>

#include "doctor/subject.h"

namespace weir::doctor {

struct KnownServer {
  const UsedUpstream* used = nullptr;
  std::string name;  // "pool/web1"
  std::vector<Endpoint> endpoints;
  SourceKind source = SourceKind::gateway;  // of connections to it
  std::string error;  // why it has no endpoint; empty with one, and for one that is not for TCP

  [[nodiscard]] bool shows_client() const {
    return source == SourceKind::client || source == SourceKind::client_port;
  }
};

// Looks up names (blocking). A server without a port gets one that some rule names.
[[nodiscard]] std::vector<KnownServer> known_servers(const Subject& subject);

}  // namespace weir::doctor

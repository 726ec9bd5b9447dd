// What the doctor examines: a configuration, what follows from it, and whether a gateway runs with
// it. Made by the command, and alive until its last check; every check reads it and nothing changes
// it. Main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/configuration.h"
#include "firewall/ruleset.h"
#include "firewall/script.h"
#include "weir/upstream.h"

namespace weir {
class DeviceTable;  // devices/device_table.h
}

namespace weir::doctor {

// The gateway that answers on the control socket.
struct Running {
  std::int64_t pid = 0;
  Port port = 0;
  std::uint64_t flows = 0;  // seen since its start
  bool draining = false;
  std::vector<std::string> outside;  // interfaces that lead outside, or did since its start
};

// An upstream that some rule or the default leads to.
struct UsedUpstream {
  std::shared_ptr<const Upstream> upstream;
  std::vector<const RuleSettings*> rules;  // empty: only the default
  [[nodiscard]] bool shows_client() const {
    const SourceKind kind = upstream->profile().source.kind;
    return upstream->offload() == Upstream::Offload::none &&
           (kind == SourceKind::client || kind == SourceKind::client_port);
  }
};

struct Subject {
  const Configuration& configuration;
  firewall::Ruleset ruleset;
  firewall::Backend backend = firewall::Backend::nft;  // the one whose rules are there, else nft
  std::vector<UsedUpstream> upstreams;
  std::optional<Running> running;
  std::shared_ptr<const DeviceTable> devices = nullptr;  // null: that was not looked for

  [[nodiscard]] bool shows_client() const {
    for (const UsedUpstream& used : upstreams) {
      if (used.shows_client()) {
        return true;
      }
    }
    return false;
  }
};

}  // namespace weir::doctor

// The successor's side of a takeover: fits this gateway to the one that runs, and puts what that
// one hands over into its place. takeover/takeover_client.h speaks with it.
//
// Made by the Gateway for its start; main thread, until the gateway serves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/configuration.h"
#include "base/log.h"
#include "firewall/rule_reconciler.h"
#include "firewall/script.h"
#include "gateway/in_force.h"
#include "gateway/own_firewall.h"
#include "gateway/router_watch.h"
#include "gateway/use_firewall.h"
#include "gateway/workers.h"
#include "takeover/takeover_client.h"

namespace weir {

class TakeoverSuccessor {
 public:
  struct Parts {
    InForce& in_force;
    OwnFirewall& firewall;
    Workers& workers;
    LearntNames& names;
    RouterWatch& router;
  };
  TakeoverSuccessor(Log& log, TakeoverClient& client, const Parts& parts);

  // What cannot change while flows go on.
  [[nodiscard]] static Result<> check_fit(const takeover::GatewayState& running,
                                          const Configuration& configuration, UseFirewall firewall,
                                          std::optional<firewall::Backend> backend);

  // Serves in its place: `count` workers, with all the others had. On error the other goes on, and
  // the rules are its own.
  Result<> take_over(UseFirewall firewall, std::optional<firewall::Backend> backend,
                     std::size_t count, std::function<void()> on_drained);

 private:
  Result<> take_rules(std::optional<firewall::Backend> backend);
  Result<> adopt_workers(std::size_t count, std::function<void()> on_drained);

  Log& log_;
  TakeoverClient& client_;
  Parts parts_;
};

}  // namespace weir

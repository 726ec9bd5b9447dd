#include "gateway/handover.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace weir {

Handover::Handover(Log& log, const Parts& parts, Acts acts, std::uint64_t process,
                   std::vector<std::uint64_t> earlier)
    : log_(log),
      parts_(parts),
      acts_(std::move(acts)),
      process_(process),
      earlier_(std::move(earlier)) {}

Result<TakeoverDonor::Gateway::Offer> Handover::offer() {
  if (auto may = acts_.may_offer(); !may) {
    return may.error();
  }
  const Configuration& from = parts_.in_force.configuration();
  const ServiceManager& manager = parts_.service_manager;
  Offer out;
  out.state.pid = getpid();
  out.state.port = from.gateway.port;
  out.state.bypass_mark = from.firewall.bypass_mark;
  out.state.process = process_;
  out.state.notify = {.address = manager.address(),
                      .watchdog_ms = manager.watchdog().value_or(Milliseconds(0)).count()};
  parts_.in_force.describe(out.state);
  if (parts_.firewall.keeps()) {
    auto offered = parts_.firewall.rest();
    if (!offered) {
      return offered.error();
    }
    auto& [standing, guardian] = offered.value();
    out.state.firewall = {.backend = std::string(name_of(standing.backend)),
                          .script = standing.script,
                          .text = standing.text,
                          .outside = standing.ruleset.outside,
                          .has_guardian = guardian.has_value()};
    if (guardian) {
      out.descriptors.emplace_back(fcntl(guardian->pipe, F_DUPFD_CLOEXEC, 0));
      out.descriptors.push_back(std::move(guardian->process));
    }
  }
  return out;
}

void Handover::bring_to_rest(Rest rest) {
  const auto workers = parts_.workers.all();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i]->post([rest, i](Worker& self) {
      if (rest(i, self.hand_over()) == TakeoverDonor::Verdict::let_go) {
        self.let_go();
      }
    });
  }
}

void Handover::withdrawn() {
  parts_.firewall.tell([](firewall::Keeper& keeper) { keeper.resume(); });
  parts_.firewall.follow_cgroups();
}

void Handover::handed_over(pid_t successor, std::uint64_t flows) {
  successor_ = successor;
  log_.info("process " + std::to_string(successor) + " has taken over, with " +
            std::to_string(flows) + " UDP flows; " +
            std::to_string(parts_.workers.live(Protocol::tcp)) +
            " TCP flows may finish here within timeouts.drain");
  parts_.service_manager.succeeded_by(successor);
  parts_.firewall.end(OwnFirewall::End::leave);
  parts_.in_force.checker()->follow({});
  acts_.handed_over();
}

}  // namespace weir

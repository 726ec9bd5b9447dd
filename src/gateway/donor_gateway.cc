#include "gateway/donor_gateway.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "gateway/handed_names.h"

namespace weir {
namespace {

// Of what one message takes (takeover::largest_body), beside sets and servers; and little of it
// while no flow is served.
constexpr std::size_t most_offered = std::size_t{24} * 1024 * 1024;
constexpr std::size_t most_while_paused = std::size_t{4} * 1024 * 1024;

}  // namespace

DonorGateway::DonorGateway(Log& log, const Parts& parts, Callbacks callbacks, std::uint64_t process,
                           std::vector<std::uint64_t> earlier)
    : log_(log),
      parts_(parts),
      callbacks_(std::move(callbacks)),
      process_(process),
      earlier_(std::move(earlier)) {}

Result<TakeoverDonor::Gateway::Offer> DonorGateway::offer() {
  if (auto may = callbacks_.may_offer(); !may) {
    return may.error();
  }
  const Configuration& from = parts_.in_force.configuration();
  const ServiceManager& manager = parts_.service_manager;
  Offer out;
  out.state.pid = getpid();
  out.state.port = from.gateway.port;
  out.state.bypass_mark = from.firewall.bypass_mark;
  out.state.process = process_;
  out.state.flows_as_of = callbacks_.flows_as_of().time_since_epoch().count();
  out.state.notify = {.address = manager.address(),
                      .watchdog_ms = manager.watchdog().value_or(Milliseconds(0)).count()};
  parts_.in_force.describe(out.state);
  offered_ = clock_now();
  out.state.looked_up = describe_names({}, most_offered);
  if (parts_.firewall.keeps()) {
    auto offered = parts_.firewall.pause();
    if (!offered) {
      return offered.error();
    }
    auto& [installed, cleanup] = offered.value();
    out.state.firewall = {.backend = std::string(name_of(installed.backend)),
                          .script = installed.script,
                          .text = installed.text,
                          .outside = installed.ruleset.outside,
                          .has_cleanup_process = cleanup.has_value()};
    if (cleanup) {
      out.descriptors.emplace_back(fcntl(cleanup->pipe, F_DUPFD_CLOEXEC, 0));
      out.descriptors.push_back(std::move(cleanup->process));
    }
  }
  return out;
}

std::vector<takeover::GatewayState::LookedUp> DonorGateway::looked_up_since() {
  // What a worker learns has the time of its turn's begin: some names go twice.
  constexpr Milliseconds longest_turn{2'000};
  return describe_names(offered_ - longest_turn, most_while_paused);
}

std::vector<takeover::GatewayState::LookedUp> DonorGateway::describe_names(
    Instant since, std::size_t most_bytes) const {
  HandedNames handed = hand_over_names(parts_.names, since, clock_now(), most_bytes);
  if (handed.left_out != 0) {
    log_.warning("clients have looked up more names than a takeover hands on: the oldest " +
                 std::to_string(handed.left_out) + " of them are not");
  }
  return std::move(handed.names);
}

void DonorGateway::quiesce(Quiesced quiesced) {
  const auto workers = parts_.workers.all();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i]->post([quiesced, i](Worker& self) {
      if (quiesced(i, self.hand_over()) == TakeoverDonor::Verdict::let_go) {
        self.let_go();
      }
    });
  }
}

void DonorGateway::withdrawn() {
  parts_.firewall.tell([](firewall::RuleReconciler& reconciler) { reconciler.resume(); });
  parts_.firewall.follow_cgroups();
}

void DonorGateway::handed_over(pid_t successor, std::uint64_t flows) {
  successor_ = successor;
  log_.info("process " + std::to_string(successor) + " has taken over, with " +
            std::to_string(flows) + " UDP flows; " +
            std::to_string(parts_.workers.live(Protocol::tcp)) +
            " TCP flows may finish here within timeouts.drain");
  parts_.service_manager.succeeded_by(successor);
  parts_.firewall.end(OwnFirewall::End::leave);
  parts_.in_force.checker()->follow({});
  callbacks_.handed_over();
}

}  // namespace weir

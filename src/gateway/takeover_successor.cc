#include "gateway/takeover_successor.h"

#include <sys/socket.h>

#include <set>
#include <string>
#include <utility>

#include "firewall/cleanup_process.h"
#include "firewall/install.h"
#include "gateway/handed_names.h"

namespace weir {
namespace {

std::uint64_t cookie_of(int fd) {
  std::uint64_t out = 0;
  socklen_t length = sizeof out;
  getsockopt(fd, SOL_SOCKET, SO_COOKIE, &out, &length);
  return out;
}

// The listeners of worker i go to our worker i, or one that takes several; and so do its flows,
// because the kernel brings their datagrams to that socket. A worker more than there were takes
// connections with another one, and no datagrams.
std::vector<Listeners> spread(std::vector<InheritedWorker>& parts, std::size_t workers) {
  std::vector<Listeners> out(workers);
  std::set<std::pair<std::size_t, std::uint64_t>> seen;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t to = i % workers;
    for (std::size_t j = 0; j < parts[i].listeners.size(); ++j) {
      Descriptor& socket = parts[i].listeners[j];
      // Two of the old workers may have shared one.
      if (!seen.emplace(to, cookie_of(socket.get())).second) {
        continue;
      }
      (j < parts[i].part.tcp_listeners ? out[to].tcp : out[to].udp).push_back(std::move(socket));
    }
  }
  share_tcp(out);
  return out;
}

}  // namespace

TakeoverSuccessor::TakeoverSuccessor(Log& log, TakeoverClient& client, const Parts& parts)
    : log_(log), client_(client), parts_(parts) {}

Result<> TakeoverSuccessor::check_fit(const takeover::GatewayState& running,
                                      const Configuration& configuration, UseFirewall firewall,
                                      std::optional<firewall::Backend> backend) {
  const std::string name = "the running gateway (process " + std::to_string(running.pid) + ")";
  if (running.port != configuration.gateway.port) {
    return Error(name + " serves on port " + std::to_string(running.port) + ", not " +
                 std::to_string(configuration.gateway.port) +
                 ": gateway.port changes only with a restart");
  }
  if (running.bypass_mark != configuration.firewall.bypass_mark) {
    return Error(name + " uses another mark: firewall.bypass-mark changes only with a restart");
  }
  const bool has_rules = !running.firewall.backend.empty();
  if (has_rules && firewall == UseFirewall::no) {
    return Error(name + " keeps the firewall's rules: add --firewall");
  }
  if (has_rules && backend && name_of(*backend) != running.firewall.backend) {
    return Error(name + " keeps its rules with " + running.firewall.backend +
                 ": the backend changes only with a restart");
  }
  return Ok{};
}

Result<> TakeoverSuccessor::take_over(UseFirewall firewall,
                                      std::optional<firewall::Backend> backend, std::size_t count,
                                      std::function<void()> on_drained) {
  // Slow, so done before the other gateway pauses: its rules are the same, or soon will be ours.
  if (firewall == UseFirewall::yes) {
    if (auto rules = take_rules(backend); !rules) {
      return rules.error().with_context("cannot take over the firewall's rules");
    }
  }
  take_over_names(client_.offer().looked_up, parts_.names);
  auto taken = adopt_workers(count, std::move(on_drained));
  if (taken) {
    taken = client_.prepared();
  }
  if (!taken) {
    parts_.firewall.tell([](firewall::RuleReconciler& reconciler) { reconciler.abandon(); });
    return taken.error().with_context("cannot take over");
  }
  parts_.router.tell_policy_rules();
  parts_.workers.start();
  const auto pause = clock_now() - client_.paused();
  client_.serving();
  log_.info("took over from process " + std::to_string(client_.offer().pid) + ": " +
            std::to_string(parts_.workers.live(Protocol::udp)) + " UDP flows; " +
            "service paused for " + std::to_string(pause.count()) + " us");
  return Ok{};
}

Result<> TakeoverSuccessor::take_rules(std::optional<firewall::Backend> backend) {
  const auto& theirs = client_.offer().firewall;
  if (theirs.backend.empty()) {
    return parts_.firewall.start(backend);
  }
  firewall::RuleReconciler::Inherited from;
  from.installed.backend =
      firewall::backend_named(theirs.backend).value_or(firewall::standard_backend());
  from.installed.script = theirs.script;
  from.installed.text = theirs.text;
  from.installed.ruleset.outside = theirs.outside;
  if (auto cleanup = client_.take_cleanup_process(); theirs.has_cleanup_process) {
    from.cleanup = firewall::CleanupProcess::inherit(std::move(cleanup[0]), std::move(cleanup[1]));
  }
  return parts_.firewall.inherit(std::move(from));
}

Result<> TakeoverSuccessor::adopt_workers(std::size_t count, std::function<void()> on_drained) {
  auto taken = client_.take();
  if (!taken) {
    return taken.error();
  }
  take_over_names(client_.looked_up(), parts_.names);
  auto& parts = taken.value();
  const auto& last = client_.last_numbers();
  parts_.workers.make(
      spread(parts, count), parts_.in_force.snapshot(),
      [&](std::size_t i) {
        return FlowIds(client_.offer().process, static_cast<unsigned>(i),
                       i < last.size() ? last[i] : 0);
      },
      std::move(on_drained));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts_.in_force.adopt(std::move(parts[i]), *parts_.workers.all()[i % count]);
  }
  if (parts.size() < count) {
    log_.warning(
        std::to_string(parts.size()) + " of " + std::to_string(count) +
        " workers serve UDP, as many as before the takeover; a restart spreads it over all");
  }
  return Ok{};
}

}  // namespace weir

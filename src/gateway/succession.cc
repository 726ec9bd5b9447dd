// A gateway that takes over from another (`weir run --takeover`), and one that is taken over from.
// "Life of a takeover" in src/README.md tells both sides in their order.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "gateway/gateway.h"

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

std::vector<Snapshot::Way> ways_of(const InheritedWorker& worker) {
  std::vector<Snapshot::Way> out;
  for (const auto& way : worker.part.ways) {
    out.push_back({.rule = way.rule,
                   .upstream = way.upstream,
                   .mapping = way.per_client ? Mapping::per_client : Mapping::per_flow});
  }
  return out;
}

}  // namespace

// The successor.

// What cannot change while flows go on.
Result<> Gateway::check_fit(const Configuration& configuration) const {
  const Offer& offer = options_.inheritance->offer();
  const std::string who = "the running gateway (process " + std::to_string(offer.pid) + ")";
  if (offer.port != configuration.gateway.port) {
    return Error(who + " serves on port " + std::to_string(offer.port) + ", not " +
                 std::to_string(configuration.gateway.port) +
                 ": gateway.port changes with a restart");
  }
  if (offer.bypass_mark != configuration.firewall.bypass_mark) {
    return Error(who + " marks its sockets otherwise: firewall.bypass-mark changes with a restart");
  }
  const bool has_rules = !offer.firewall.backend.empty();
  if (has_rules && options_.firewall == OwnFirewall::no) {
    return Error(who + " keeps the firewall's rules: take over with --firewall, too");
  }
  if (has_rules && options_.backend && name_of(*options_.backend) != offer.firewall.backend) {
    return Error(who + " keeps its rules with " + offer.firewall.backend +
                 ": the backend changes with a restart");
  }
  return Done{};
}

Result<> Gateway::take_over() {
  // Whoever started us may have passed sockets, too: nobody would accept on them.
  static_cast<void>(service_manager_.take_passed());
  // Slow, so before the other rests: its own rules are the same, or soon will be ours.
  if (options_.firewall == OwnFirewall::yes) {
    if (auto rules = inherit_firewall(); !rules) {
      return rules.error().while_trying("cannot take over the firewall's rules");
    }
  }
  const auto refused = [&](const Error& error) {
    if (keeper_) {
      keeper_->abandon();
    }
    return error.while_trying("cannot take over");
  };
  if (auto adopted = adopt_workers(); !adopted) {
    return refused(adopted.error());
  }
  if (auto prepared = options_.inheritance->prepared(); !prepared) {
    return refused(prepared.error());
  }
  for (const auto& worker : workers_) {
    worker->start();
  }
  const auto rest = clock_now() - options_.inheritance->paused();
  options_.inheritance->serving();
  log_->info("took over from process " + std::to_string(options_.inheritance->offer().pid) + ": " +
             std::to_string(admission_.live(Protocol::udp)) + " UDP flows; " +
             "nobody was served for " + std::to_string(rest.count()) + " us");
  settle();
  return Done{};
}

Result<> Gateway::inherit_firewall() {
  const Offer::OwnRules& theirs = options_.inheritance->offer().firewall;
  if (theirs.backend.empty()) {
    return start_firewall();
  }
  firewall::Keeper::Inherited from;
  from.standing.backend =
      firewall::backend_named(theirs.backend).value_or(firewall::standard_backend());
  from.standing.script = theirs.script;
  from.standing.text = theirs.text;
  from.guardian = options_.inheritance->guardian();
  return keep(firewall::Keeper::inherit(loop_, *log_, firewall_rules(*snapshot_), std::move(from),
                                        around_programs()));
}

Result<> Gateway::adopt_workers() {
  const std::size_t count = worker_count(snapshot_->configuration());
  process_ = options_.inheritance->offer().process;
  auto taken = options_.inheritance->take();
  if (!taken) {
    return taken.error();
  }
  auto& parts = taken.value();
  auto listeners = spread(parts, count);
  const auto& last = options_.inheritance->last_numbers();
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        i, shared(), snapshot_, std::move(listeners[i]),
        FlowIds(process_, static_cast<unsigned>(i), i < last.size() ? last[i] : 0)));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto ways = ways_of(parts[i]);
    for (const auto& server : parts[i].part.servers) {
      parts[i].servers.push_back(servers_.get({.upstream = server.upstream,
                                               .name = server.name,
                                               .host = server.host,
                                               .port = server.port}));
    }
    workers_[i % count]->adopt(std::move(parts[i]),
                               Snapshot::for_inherited(*snapshot_, inventory(), ways));
  }
  if (parts.size() < count) {
    log_->warning(std::to_string(parts.size()) + " of " + std::to_string(count) +
                  " workers serve UDP, as many as there were before: a restart spreads it anew");
  }
  return Done{};
}

// We serve. What is left takes its time.
void Gateway::settle() {
  const Offer& offer = options_.inheritance->offer();
  const auto place = [this](const Result<>& taken) {
    if (!taken) {
      log_->error(taken.error().text());
    }
  };
  place(admin_->take_place(snapshot_->configuration().admin));
  if (keeper_) {
    keeper_->settle();
  }
  if (service_manager_.address().empty() && !offer.notify.address.empty()) {
    service_manager_.inherit(offer.notify.address,
                             offer.notify.watchdog_ms > 0
                                 ? std::optional(Milliseconds(offer.notify.watchdog_ms))
                                 : std::nullopt);
  }
  announce();
  await_successor();
  if (handover_) {
    place(handover_->take_place());
  }
  options_.inheritance.reset();  // the other hears that by now everything is ours
}

// The one that is taken over from, some day.

void Gateway::await_successor() {
  if (!options_.takeover_socket) {
    return;
  }
  handover_ = std::make_unique<Handover>(
      loop_, *log_, std::move(*options_.takeover_socket),
      options_.inheritance ? options_.inheritance->last_numbers() : std::vector<std::uint64_t>{},
      Handover::Means{.offer = [this]() { return offer(); },
                      .workers = [this]() { return std::span(workers_); },
                      .withdrawn =
                          [this]() {
                            if (keeper_) {
                              keeper_->resume();
                            }
                          },
                      .handed_over = [this](pid_t successor,
                                            std::uint64_t flows) { handed_over(successor, flows); },
                      .left = [this]() { left_alone(); }});
  options_.takeover_socket.reset();
}

Result<Handover::Means::Offered> Gateway::offer() {
  if (draining_) {
    return Error("this gateway is draining");
  }
  if (!reloading_.empty()) {
    return Error("this gateway is applying a new configuration");
  }
  const Configuration& from = snapshot_->configuration();
  Offer out;
  out.pid = getpid();
  out.port = from.gateway.port;
  out.bypass_mark = from.firewall.bypass_mark;
  out.process = process_;
  out.notify = {.address = service_manager_.address(),
                .watchdog_ms = service_manager_.watchdog().value_or(Milliseconds(0)).count()};
  describe_servers(servers_, resolver_->known(), out);
  Handover::Means::Offered offered;
  if (keeper_) {
    keeper_->rest();
    const firewall::Standing& standing = keeper_->standing();
    out.firewall.backend = name_of(standing.backend);
    out.firewall.script = standing.script;
    out.firewall.text = standing.text;
    if (const auto* guardian = keeper_->guardian()) {
      out.firewall.has_guardian = true;
      auto shared = guardian->share();
      offered.descriptors.emplace_back(fcntl(shared.pipe, F_DUPFD_CLOEXEC, 0));
      offered.descriptors.push_back(std::move(shared.process));
    }
  }
  offered.data = to_json(out);
  return offered;
}

void Gateway::handed_over(pid_t successor, std::uint64_t flows) {
  successor_ = successor;
  draining_ = true;
  log_->info("process " + std::to_string(successor) + " has taken over, with " +
             std::to_string(flows) + " UDP flows; " +
             std::to_string(admission_.live(Protocol::tcp)) +
             " TCP flows may finish here within timeouts.drain");
  service_manager_.succeeded_by(successor);
  heart_.reset();
  if (keeper_) {
    keeper_->leave();
    keeper_.reset();
  }
  checker_->follow({});
  admin_->leave();
  drain_timer_ = std::make_unique<Timer>(loop_, [this]() { exit_now(); });
  drain_timer_->once(snapshot_->timeouts().drain);
}

// The successor answers on the control socket.
void Gateway::left_alone() {
  admin_.reset();
  exit_when_drained();
}

}  // namespace weir

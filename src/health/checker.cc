#include "health/checker.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "health/probe.h"
#include "health/rise_fall.h"

namespace weir {
namespace {

constexpr Milliseconds observed_every{1'000};

// The n-th of any number of parts that never crowd: multiples of the golden ratio, modulo 1.
Milliseconds spread(std::size_t n, Milliseconds interval) {
  constexpr double golden = 0.6180339887498949;
  double whole = 0;
  const double part = std::modf(static_cast<double>(n) * golden, &whole);
  return Milliseconds(static_cast<std::int64_t>(part * static_cast<double>(interval.count())));
}

// The source of a server's probes: that of its flows, or the gateway's where that is the client's:
// a probe has no client.
Source probe_source(const Upstream& upstream, const ServerSet::Terms& terms) {
  const Source source = terms.source.value_or(upstream.profile().source);
  return source.kind == SourceKind::address ? source : Source{};
}

std::string why_of(const Server& server, ServerHealth::State state) {
  switch (state) {
    case ServerHealth::State::up:
      return "";
    case ServerHealth::State::ejected:
      return "its flows failed in a row";
    case ServerHealth::State::drain:
      return "set by the operator";
    case ServerHealth::State::down:
      return server.health.admin_state() == ServerHealth::AdminState::down ? "set by the operator"
                                                                           : server.status.check;
  }
  return "";
}

}  // namespace

// One server's probes.
class Checker::Schedule {
 public:
  Schedule(Checker& owner, std::shared_ptr<Upstream> upstream, std::size_t index,
           Milliseconds first)
      : owner_(owner), timer_(owner.loop_, [this] { begin(); }) {
    follow(std::move(upstream), index);
    timer_.once(first);
  }
  ~Schedule() { server_->health.set_checked(ServerHealth::Checked::unknown, clock_now()); }
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // The upstream as it is now: the next probe goes by its terms.
  void follow(std::shared_ptr<Upstream> upstream, std::size_t index) {
    const ServerSet& set = *upstream->server_set();
    server_ = set.servers()[index];
    source_ = probe_source(*upstream, set.terms_of(index));
    next_terms_ = *set.check();
    upstream_ = std::move(upstream);
  }

 private:
  void begin() {
    probe_.reset();
    terms_ = next_terms_;
    options_ = upstream_->profile().options;
    began_ = clock_now();
    const AddressSet addresses = server_->addresses();
    std::vector<Address> usable;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      if (source_.kind != SourceKind::address ||
          addresses[i].family() == source_.address.family()) {
        usable.push_back(addresses[i]);
      }
    }
    if (usable.empty()) {
      end(server_->is_named() ? "its name has no address" : "no address of its source's family");
      return;
    }
    // One of several addresses may be out of reach: after a failure the next one is asked.
    const auto turn = static_cast<std::size_t>(results_.failures()) % usable.size();
    route_ = Route();
    route_.remote = {usable[turn], server_->identity().port};
    route_.source = source_;
    route_.options = &options_;
    if (terms_.kind == CheckTerms::Kind::handshake) {
      if (auto handshake = upstream_->server_set()->probe_handshake()) {
        route_.hops.push_back(
            {.server = server_, .upstream = upstream_->name(), .handshake = std::move(handshake)});
      }
    }
    probe_ = std::make_unique<Probe>(owner_.loop_, route_, terms_, owner_.bypass_,
                                     [this](const std::string& why_not) { end(why_not); });
  }

  void end(const std::string& why_not) {
    const Instant now = clock_now();
    Server::Status& status = server_->status;
    status.check_us = (now - began_).count();
    status.check = why_not.empty() ? "" : "check: " + why_not;
    const auto result = why_not.empty() ? CheckResult::succeeded : CheckResult::failed;
    if (const auto changed = results_.note(result, terms_)) {
      server_->health.set_checked(*changed, now);
      owner_.observe();
    }
    ejected_successes_ =
        server_->health.was_ejected() && why_not.empty() ? ejected_successes_ + 1 : 0;
    if (ejected_successes_ >= terms_.rise) {
      ejected_successes_ = 0;
      server_->health.offer_trial(now);
    }
    const auto pause = std::chrono::ceil<Milliseconds>(began_ + next_terms_.interval - now);
    timer_.once(std::max(pause, Milliseconds(0)));
  }

  Checker& owner_;
  std::shared_ptr<Upstream> upstream_;
  std::shared_ptr<Server> server_;
  Source source_;
  SocketOptions options_;
  CheckTerms next_terms_;
  CheckTerms terms_;  // of the probe that goes on
  Route route_;
  RiseFall results_;
  int ejected_successes_ = 0;  // in a row, since it was ejected
  Instant began_;
  Timer timer_;
  std::unique_ptr<Probe> probe_;
};

Checker::Checker(Loop& loop, Log& log, Mark bypass)
    : loop_(loop), log_(log), bypass_(bypass), watch_(loop, [this] { observe(); }) {}

Checker::~Checker() = default;

void Checker::follow(std::span<const std::shared_ptr<Upstream>> upstreams) {
  upstreams_.assign(upstreams.begin(), upstreams.end());
  std::map<const Server*, std::unique_ptr<Schedule>> before;
  before.swap(schedules_);
  bool any = false;
  for (const auto& upstream : upstreams_) {
    const auto servers = upstream->servers();
    any |= !servers.empty();
    if (servers.empty() || upstream->server_set()->check() == nullptr) {
      continue;
    }
    for (std::size_t i = 0; i < servers.size(); ++i) {
      auto& schedule = schedules_[servers[i].get()];
      if (const auto found = before.find(servers[i].get()); found != before.end()) {
        schedule = std::move(found->second);
        before.erase(found);
        schedule->follow(upstream, i);
      } else {
        const auto first = spread(begun_++, upstream->server_set()->check()->interval);
        schedule = std::make_unique<Schedule>(*this, upstream, i, first);
      }
    }
  }
  // An idle gateway without servers sleeps.
  if (any) {
    watch_.every(observed_every);
  } else {
    watch_.stop();
  }
}

void Checker::observe() {
  for (const auto& upstream : upstreams_) {
    for (const auto& server : upstream->servers()) {
      Server::Status& status = server->status;
      const auto state = server->health.state();
      const std::string why = why_of(*server, state);
      if (state == status.state) {
        // A server that stays down may do so for another reason by now, which is not said in the
        // log: checks may fail in turns. What no check has said yet leaves what is known.
        status.why = why.empty() ? status.why : why;
        continue;
      }
      status.state = state;
      status.since = clock_now();
      status.why = why;
      const std::string line = "server " + upstream->name() + "/" + server->identity().name +
                               " is " + std::string(name_of(state)) +
                               (status.why.empty() ? "" : ": " + status.why);
      if (state == ServerHealth::State::up || state == ServerHealth::State::drain) {
        log_.info(line);
      } else {
        log_.warning(line);
      }
    }
  }
}

}  // namespace weir

// How a flow gets its server. pool_make.cc lays the pool out.
#include "upstream/pool.h"

#include <algorithm>

#include "balance/stable_hash.h"
#include "base/server_counts.h"

namespace weir {
namespace {

Port port_for(Port wanted, const Server& server) {
  return server.identity().port != 0 ? server.identity().port : wanted;
}

// Without an address here, a name will do where the next hop resolves it.
bool goes_by_name(const Server& server, const AddressSet& addresses,
                  const UpstreamProfile& profile) {
  return addresses.size() == 0 && profile.via != nullptr && server.is_named();
}

// The family that a flow wants, and whether the other one would do: not where the source is the
// client's address, or a fixed one.
struct Wanted {
  Family family = Family::v4;
  bool strict = false;
};

Wanted wanted_by(const Flow& flow, const Source& source) {
  if (source.kind == SourceKind::address) {
    return {source.address.family(), true};
  }
  return {flow.client.family(), source.kind != SourceKind::gateway};
}

bool fits(const Address& address, const Wanted& wanted) {
  return !wanted.strict || address.family() == wanted.family;
}

// The addresses in the order in which they should be tried; false when none is left that fits.
bool put_addresses(const AddressSet& addresses, const Wanted& wanted, Port port, Route& route) {
  std::array<Address, AddressSet::capacity> order;
  std::size_t count = 0;
  std::size_t next[2] = {0, 0};  // of the wanted family, of the other
  const auto take = [&](bool is_wanted) {
    for (std::size_t& i = next[is_wanted ? 0 : 1]; i < addresses.size(); ++i) {
      if ((addresses[i].family() == wanted.family) == is_wanted && fits(addresses[i], wanted)) {
        order[count++] = addresses[i++];
        return true;
      }
    }
    return false;
  };
  for (bool some = true; some;) {
    some = take(true);
    some = take(false) || some;
  }
  if (count == 0) {
    return false;
  }
  route.remote = {order[0], port};
  if (count > 1) {
    route.alternates.assign(order.begin() + 1, order.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return true;
}

}  // namespace

// What the balancer of a tier sees of it, for one flow.
class Pool::Choice final : public Candidates {
 public:
  // How healthy a server has to be; each pass takes what the one before refused.
  enum class Pass : std::uint8_t { slow_start, healthy, any };

  Choice(const Pool& pool, const Flow& flow, const UpstreamProfile& profile,
         std::span<const std::shared_ptr<Server>> tried, const BalanceKey& key)
      : pool_(pool), flow_(flow), profile_(profile), tried_(tried), key_(key) {}

  [[nodiscard]] bool usable(std::size_t index) const override {
    return is_usable(tier->members[index]);
  }
  [[nodiscard]] std::uint64_t load(std::size_t index) const override {
    return pool_.servers_[tier->members[index]]->counts().load();
  }

  // Other flows have taken it up since it was looked at.
  void exclude(std::size_t member) { lost_.push_back(member); }

  const Tier* tier = nullptr;
  Pass pass = Pass::slow_start;
  // A server has less than its whole share now; where none has, the first pass is like the second.
  mutable bool some_slow = false;

 private:
  [[nodiscard]] bool is_usable(std::size_t member) const {
    const Server& server = *pool_.servers_[member];
    const auto is_it = [&](const auto& one) { return one.get() == &server; };
    if (std::any_of(tried_.begin(), tried_.end(), is_it) ||
        std::find(lost_.begin(), lost_.end(), member) != lost_.end()) {
      return false;
    }
    const auto max = pool_.members_[member].max_flows;
    if (max != 0 && server.counts().load() >= max) {
      return false;
    }
    return stands(server) && has_address(server, pool_.source_of(member, profile_));
  }

  [[nodiscard]] bool stands(const Server& server) const {
    const ServerHealth& health = server.health;
    const Instant now =
        health.was_ejected() || health.may_be_slow_starting() ? pool_.clock_() : Instant{};
    switch (health.availability(now)) {
      case ServerHealth::Availability::unavailable:
        return false;
      case ServerHealth::Availability::ejected:
        return pass == Pass::any;
      default:
        break;
    }
    if (pass != Pass::slow_start || !health.may_be_slow_starting()) {
      return true;
    }
    const auto share = health.share(now);
    some_slow |= share < ServerHealth::whole;
    // Always the same keys, and more of them as the share grows.
    const auto rank = mixed(key_.hash ^ key_.random ^ stable_hash(server.identity().name));
    return rank % ServerHealth::whole < share;
  }

  [[nodiscard]] bool has_address(const Server& server, const Source& source) const {
    const Wanted wanted = wanted_by(flow_, source);
    const AddressSet addresses = server.addresses();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      if (fits(addresses[i], wanted)) {
        return true;
      }
    }
    return goes_by_name(server, addresses, profile_);
  }

  const Pool& pool_;
  const Flow& flow_;
  const UpstreamProfile& profile_;
  std::span<const std::shared_ptr<Server>> tried_;
  const BalanceKey& key_;
  std::vector<std::size_t> lost_;
};

Route Pool::route(const Flow& flow, Port port, const UpstreamProfile& profile,
                  std::span<const std::shared_ptr<Server>> tried) const {
  Route route;
  route.verdict = Route::Verdict::no_server;
  route.source = profile.source;
  route.options = &profile.options;
  const BalanceKey key = keys_.key_of(flow);
  Choice choice(*this, flow, profile, tried, key);
  while (const auto member = pick(choice, key)) {
    const auto& server = servers_[*member];
    const Source& source = source_of(*member, profile);
    const bool still_ejected = server->health.was_ejected() && choice.pass != Choice::Pass::any;
    auto taken = counts_load_ || members_[*member].max_flows != 0
                     ? Server::take(server, flow.worker, members_[*member].max_flows)
                     : server;
    // Each of these may have changed since the server was looked at.
    const AddressSet addresses = server->addresses();
    if (!taken || (still_ejected && !server->health.claim_trial(clock_()))) {
      choice.exclude(*member);
      continue;
    }
    if (goes_by_name(*server, addresses, profile)) {
      route.host = server->identity().host;
      route.remote.port = port_for(port, *server);
    } else if (!put_addresses(addresses, wanted_by(flow, source), port_for(port, *server), route)) {
      choice.exclude(*member);
      continue;
    }
    route.verdict = Route::Verdict::dial;
    route.source = source;
    route.server = std::move(taken);
    break;
  }
  return route;
}

std::optional<std::size_t> Pool::pick(Choice& choice, const BalanceKey& key) const {
  using Pass = Choice::Pass;
  for (const Pass pass : {Pass::slow_start, Pass::healthy, Pass::any}) {
    choice.pass = pass;
    for (const Tier& tier : tiers_) {
      choice.tier = &tier;
      if (const auto chosen = tier.balancer->choose(choice, key)) {
        return tier.members[*chosen];
      }
      // Servers whose share is not whole yet come before a backup.
      if (pass == Pass::slow_start && choice.some_slow) {
        choice.pass = Pass::healthy;
        if (const auto chosen = tier.balancer->choose(choice, key)) {
          return tier.members[*chosen];
        }
        choice.pass = pass;
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> Pool::describe(const Flow& flow) const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const auto& identity = servers_[i]->identity();
    const Member& member = members_[i];
    const bool v6 = identity.host.find(':') != std::string::npos;
    std::string line = identity.name + " " + (v6 ? "[" + identity.host + "]" : identity.host) +
                       ":" + std::to_string(port_for(flow.destination.port, *servers_[i])) +
                       " weight=" + std::to_string(member.weight);
    line += member.is_backup ? " backup" : "";
    line += member.max_flows != 0 ? " max-flows=" + std::to_string(member.max_flows) : "";
    out.push_back(std::move(line));
  }
  for (const auto& service : services_) {
    if (service->targets().empty()) {
      out.push_back("whatever the SRV records of " + service->name() + " say");
    }
  }
  return out;
}

ServerSet::Terms Pool::terms_of(std::size_t server) const {
  const Member& member = members_[server];
  return {.weight = member.weight,
          .is_backup = member.is_backup,
          .max_flows = member.max_flows,
          .source = member.source};
}

std::optional<std::uint64_t> Pool::checksum() const {
  std::optional<std::uint64_t> out;
  for (const Tier& tier : tiers_) {
    if (const auto sum = tier.balancer->checksum()) {
      out = mixed(out.value_or(0) ^ *sum);
    }
  }
  return out;
}

bool Pool::is_up() const {
  return std::any_of(servers_.begin(), servers_.end(), [&](const auto& server) {
    const auto availability =
        server->health.availability(server->health.was_ejected() ? clock_() : Instant{});
    return (availability == ServerHealth::Availability::available ||
            availability == ServerHealth::Availability::half_open) &&
           (server->addresses().size() != 0 || (is_led_to_ && server->is_named()));
  });
}

bool Pool::is_current() const {
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (services_[i]->version() != versions_[i]) {
      return false;
    }
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const int wanted = servers_[i]->weight_override.load(std::memory_order_relaxed);
    if (members_[i].weight != (wanted != 0 ? wanted : members_[i].configured_weight)) {
      return false;
    }
  }
  return true;
}

void Pool::enter_force() const {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    servers_[i]->health.set_terms(health_);
    if (is_rewritten(members_[i], *servers_[i])) {
      servers_[i]->weight_override.store(0, std::memory_order_relaxed);
    }
    servers_[i]->weight_in_file = members_[i].weight_in_file;
  }
}

// Whether the operator's weight is of a time before the file's: what was written last counts.
bool Pool::is_rewritten(const Member& member, const Server& server) {
  return server.weight_in_file != 0 && server.weight_in_file != member.weight_in_file;
}

}  // namespace weir

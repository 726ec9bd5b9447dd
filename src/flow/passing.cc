#include "flow/passing.h"

#include <algorithm>
#include <vector>

#include "upstream/forward.h"

namespace weir {
namespace {

// Calls `is_it(upstream, server)` for the servers of an upstream, of its members and of what it
// goes via, until it is true.
template <typename F>
bool any_server(const Upstream& upstream, F is_it) {
  const auto servers = upstream.servers();
  const auto dependencies = upstream.dependencies();
  return std::any_of(servers.begin(), servers.end(),
                     [&](const auto& server) { return is_it(upstream, *server); }) ||
         std::any_of(dependencies.begin(), dependencies.end(), [&](const auto& other) {
           return other != nullptr && any_server(*other, is_it);
         });
}

bool says_whose_server_it_is(const FirewallSettings& firewall) {
  return !firewall.exclude_users.empty() || !firewall.exclude_cgroups.empty();
}

}  // namespace

// What one route asks for. Kept while the connection is made; a proxy's own connection may come to
// us a moment after the proxy's answer has.
class Passing::Requests final : public TcpDial::SocketObserver::Memory {
 public:
  explicit Requests(Passing& passing) : passing_(passing) {}
  ~Requests() override {
    for (const AskedDestinations::Ticket& ticket : tickets) {
      passing_.withdraw_later(ticket);
    }
  }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  std::vector<AskedDestinations::Ticket> tickets;

 private:
  Passing& passing_;
};

std::optional<Reason> Passing::why(const Flow& flow, const RuleEntry& rule,
                                   const Snapshot& snapshot) {
  const bool local = snapshot.configuration().firewall.local;
  if (local && is_own(flow.client.address)) {
    return why_own(flow, rule, snapshot);
  }
  if (snapshot.may_be_server(flow.client.address) &&
      has_server(*rule.upstream, flow.client.address)) {
    return Reason::own_server;
  }
  return std::nullopt;
}

// Of what the router itself sends.
std::optional<Reason> Passing::why_own(const Flow& flow, const RuleEntry& rule,
                                       const Snapshot& snapshot) {
  const bool is_named = says_whose_server_it_is(snapshot.configuration().firewall);
  const bool leads_here_untold =
      !is_named && any_server(*rule.upstream, [&](const Upstream& upstream, const Server& server) {
        return upstream.profile().type == forward_policy.name && is_own(server);
      });
  if (leads_here_untold) {
    return Reason::own_server;
  }
  const bool is_asked = flow.protocol == Protocol::udp ? asked_.asks_datagrams(flow.destination)
                                                       : asked_.is_asked(flow.destination);
  if (!is_asked ||
      !any_server(*rule.upstream,
                  [&](const Upstream&, const Server& server) { return is_own(server); }) ||
      (flow.protocol == Protocol::tcp && !asked_.take(flow.destination))) {
    return std::nullopt;
  }
  return Reason::own_proxy;
}

bool Passing::is_own(const Server& server) {
  const AddressSet addresses = server.addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (is_own(addresses[i])) {
      return true;
    }
  }
  return false;
}

std::unique_ptr<TcpDial::SocketObserver::Memory> Passing::remember(const Route& route,
                                                                   const Snapshot& snapshot) {
  if (!snapshot.configuration().firewall.local) {
    return nullptr;
  }
  std::unique_ptr<Requests> out;
  bool is_here = is_own(route.remote.address) ||
                 std::any_of(route.alternates.begin(), route.alternates.end(),
                             [&](const Address& address) { return is_own(address); });
  for (const Hop& hop : route.hops) {
    if (hop.asks.port == 0) {
      continue;
    }
    if (const auto ticket = is_here ? asked_.ask(hop.asks) : std::nullopt) {
      out = out ? std::move(out) : std::make_unique<Requests>(*this);
      out->tickets.push_back(*ticket);
    }
    is_here = is_own(hop.asks.address);
  }
  return out;
}

bool Passing::ask_datagrams(const Endpoint& relay, const Endpoint& destination,
                            const Snapshot& snapshot) {
  if (!snapshot.configuration().firewall.local || !is_own(relay.address)) {
    return false;
  }
  asked_.ask_datagrams(destination);
  return true;
}

void Passing::withdraw_later(const AskedDestinations::Ticket& ticket) {
  const Instant now = clock_();
  late_.push_back({.ticket = ticket, .until = now + may_take});
  if (late_.size() == 1) {
    timers_.set(*this, late_.front().until, now);
  }
}

void Passing::on_deadline(Instant now) {
  while (!late_.empty() && late_.front().until <= now) {
    asked_.withdraw(late_.front().ticket);
    late_.pop_front();
  }
  if (!late_.empty()) {
    timers_.set(*this, late_.front().until, now);
  }
}

bool has_server(const Upstream& upstream, const Address& address) {
  return any_server(upstream,
                    [&](const Upstream&, const Server& server) { return server.has(address); });
}

}  // namespace weir

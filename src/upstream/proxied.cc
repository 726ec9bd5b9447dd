#include "upstream/proxied.h"

#include <utility>

#include "upstream/credentials.h"

namespace weir {
namespace {

// The outer name of ECH is not the one that the client means.
bool has_host_to_tell(const Flow& flow) { return flow.host != nullptr && !flow.host->is_outer; }

class Proxied final : public Upstream {
 public:
  Proxied(const ProxyDialect& dialect, UpstreamProfile profile, std::unique_ptr<const Pool> servers,
          ProxyDialect::SharedCredentials credentials, RelayPlace relay)
      : Upstream(std::move(profile)),
        dialect_(dialect),
        servers_(std::move(servers)),
        credentials_(std::move(credentials)),
        relay_(relay) {}

  [[nodiscard]] std::vector<std::string> describe(const Flow& flow) const override {
    return servers_->describe(flow);
  }
  [[nodiscard]] const ServerSet* server_set() const override { return servers_.get(); }
  [[nodiscard]] bool is_up_to_date(const Settings& settings) const override {
    return same_credentials(parse_credentials(settings, dialect_.longest_credential), credentials_);
  }
  [[nodiscard]] Datagrams datagrams() const override {
    return dialect_.associate != nullptr ? Datagrams::relayed : Datagrams::none;
  }

 private:
  [[nodiscard]] Route do_route(const Flow& flow, const Target& target,
                               std::span<const std::shared_ptr<Server>> tried) const override {
    const bool is_tcp = flow.protocol == Protocol::tcp;
    if (!is_tcp && dialect_.associate == nullptr) {
      Route none;
      none.verdict = Route::Verdict::no_server;
      return none;
    }
    Route route = servers_->route(flow, target.endpoint.port, profile(), tried);
    if (route.verdict != Route::Verdict::dial) {
      return route;
    }
    if (!is_tcp) {
      // Always by address: answers are told apart by the address that they come from.
      route.transport = Route::Transport::udp_associate;
      route.layers.push_back({.codec = dialect_.codec, .target = target});
    }
    const bool by_host = is_tcp && profile().to_proxy == ToProxy::host &&
                         target.kind == Target::Kind::destination && has_host_to_tell(flow);
    Target told = target;
    if (by_host) {
      told.host = flow.host->name;
    }
    route.hops.push_back(
        {.server = route.server,
         .upstream = name(),
         .handshake = is_tcp ? dialect_.connect(told, credentials_)
                             : dialect_.associate(route.remote.family(), credentials_),
         .relay = relay_,
         .asks = is_tcp && target.host.empty() ? target.endpoint : Endpoint{},
         .asks_by_host = by_host});
    return route;
  }

  const ProxyDialect& dialect_;
  std::unique_ptr<const Pool> servers_;
  ProxyDialect::SharedCredentials credentials_;
  RelayPlace relay_;
};

}  // namespace

Result<std::shared_ptr<Upstream>> make_proxied(const ProxyDialect& dialect,
                                               const Settings& settings, UpstreamProfile profile,
                                               ServerPool& servers) {
  auto parsed = parse_credentials(settings, dialect.longest_credential);
  if (!parsed) {
    return parsed.error();
  }
  ProxyDialect::SharedCredentials credentials = std::move(parsed).value();
  if (credentials && dialect.refuse != nullptr) {
    if (const auto fine = dialect.refuse(*credentials, settings); !fine) {
      return fine.error();
    }
  }
  auto pool = Pool::make(settings, profile, servers, dialect.port);
  if (!pool) {
    return pool.error();
  }
  pool.value()->probe_with([probe = dialect.probe, credentials]() { return probe(credentials); });
  profile.to_proxy = settings.yes("host-to-proxy") ? ToProxy::host : ToProxy::address;
  const RelayPlace relay =
      settings.text_or_empty("relay") == "any" ? RelayPlace::anywhere : RelayPlace::at_server;
  return std::shared_ptr<Upstream>(std::make_shared<Proxied>(
      dialect, std::move(profile), std::move(pool).value(), std::move(credentials), relay));
}

}  // namespace weir

#include "upstream/proxied.h"

#include <utility>

#include "upstream/credentials.h"

namespace weir {
namespace {

class Proxied final : public Upstream {
 public:
  Proxied(const ProxyProtocol& protocol, UpstreamProfile profile,
          std::unique_ptr<const Pool> servers, ProxyProtocol::Who who, RelayPlace relay)
      : Upstream(std::move(profile)),
        protocol_(protocol),
        servers_(std::move(servers)),
        who_(std::move(who)),
        relay_(relay) {}

  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override {
    return servers_->candidates(flow);
  }
  [[nodiscard]] const ServerSet* server_set() const override { return servers_.get(); }
  [[nodiscard]] bool is_up_to_date(const Settings& settings) const override {
    return same_credentials(parse_credentials(settings, protocol_.longest_credential), who_);
  }
  [[nodiscard]] Datagrams datagrams() const override {
    return protocol_.associate != nullptr ? Datagrams::relayed : Datagrams::none;
  }

 private:
  [[nodiscard]] Route reach(const Flow& flow, const Target& target,
                            std::span<const std::shared_ptr<Server>> tried) const override {
    const bool is_tcp = flow.protocol == Protocol::tcp;
    if (!is_tcp && protocol_.associate == nullptr) {
      Route none;
      none.verdict = Route::Verdict::no_server;
      return none;
    }
    Route route = servers_->route(flow, target.endpoint.port, profile(), tried);
    if (route.verdict != Route::Verdict::dial) {
      return route;
    }
    if (!is_tcp) {
      route.carrier = Route::Carrier::relay;
      route.wrappings.push_back({.codec = protocol_.codec, .target = target});
    }
    route.hops.push_back({.server = route.server,
                          .upstream = name(),
                          .handshake = is_tcp ? protocol_.connect(target, who_)
                                              : protocol_.associate(route.remote.family(), who_),
                          .relay = relay_,
                          .asks = is_tcp && target.host.empty() ? target.endpoint : Endpoint{}});
    return route;
  }

  const ProxyProtocol& protocol_;
  std::unique_ptr<const Pool> servers_;
  ProxyProtocol::Who who_;
  RelayPlace relay_;
};

}  // namespace

Result<std::shared_ptr<Upstream>> make_proxied(const ProxyProtocol& protocol,
                                               const Settings& settings, UpstreamProfile profile,
                                               ServerPool& servers) {
  auto parsed = parse_credentials(settings, protocol.longest_credential);
  if (!parsed) {
    return parsed.error();
  }
  ProxyProtocol::Who who = std::move(parsed).value();
  if (who && protocol.refuse != nullptr) {
    if (const auto fine = protocol.refuse(*who, settings); !fine) {
      return fine.error();
    }
  }
  auto pool = Pool::make(settings, profile, servers, protocol.port);
  if (!pool) {
    return pool.error();
  }
  pool.value()->probe_with([probe = protocol.probe, who]() { return probe(who); });
  const RelayPlace relay =
      settings.text_or_empty("relay") == "any" ? RelayPlace::anywhere : RelayPlace::at_server;
  return std::shared_ptr<Upstream>(std::make_shared<Proxied>(
      protocol, std::move(profile), std::move(pool).value(), std::move(who), relay));
}

}  // namespace weir

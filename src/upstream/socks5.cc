// The policy `socks5`: flows go through a SOCKS5 server, TCP by CONNECT, UDP by UDP ASSOCIATE
// (RFC 1928). UDP costs one connection to the server for each flow, or for each client with
// mapping = per-client.
#include "handshake/socks5.h"

#include <array>
#include <memory>
#include <utility>

#include "upstream/credentials.h"
#include "upstream/pool.h"
#include "upstream/way_keys.h"
#include "weir/upstream.h"

namespace weir {
namespace {

constexpr auto socks5_keys =
    with_keys(pool_keys, std::array{username_key, password_key, password_file_key, via_key});
constexpr Port socks5_port = 1080;
// RFC 1929, section 2: a length is one byte.
constexpr std::size_t longest_credential = 255;

class Socks5 final : public Upstream {
 public:
  Socks5(UpstreamProfile profile, std::unique_ptr<const Pool> servers,
         std::shared_ptr<const Credentials> credentials)
      : Upstream(std::move(profile)),
        servers_(std::move(servers)),
        credentials_(std::move(credentials)) {}

  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override {
    return servers_->candidates(flow);
  }
  [[nodiscard]] const ServerSet* server_set() const override { return servers_.get(); }
  [[nodiscard]] bool is_up_to_date(const Settings& settings) const override {
    return same_credentials(parse_credentials(settings, longest_credential), credentials_);
  }
  [[nodiscard]] Datagrams datagrams() const override { return Datagrams::relayed; }

 private:
  [[nodiscard]] Route reach(const Flow& flow, const Target& target,
                            std::span<const std::shared_ptr<Server>> tried) const override {
    Route route = servers_->route(flow, target.endpoint.port, profile(), tried);
    if (route.verdict != Route::Verdict::dial) {
      return route;
    }
    std::unique_ptr<Handshake> handshake;
    if (flow.protocol == Protocol::tcp) {
      handshake = std::make_unique<Socks5Handshake>(Socks5Handshake::Command::connect, target,
                                                    credentials_);
    } else {
      handshake = std::make_unique<Socks5Handshake>(
          Socks5Handshake::Command::associate,
          Target{.endpoint = {Address::any(route.remote.family()), 0}, .host = {}}, credentials_);
      route.carrier = Route::Carrier::relay;
      route.wrappings.push_back({.codec = &codec_, .target = target});
    }
    route.hops.push_back(
        {.server = route.server, .upstream = name(), .handshake = std::move(handshake)});
    return route;
  }

  std::unique_ptr<const Pool> servers_;
  std::shared_ptr<const Credentials> credentials_;
  Socks5DatagramCodec codec_;
};

Result<std::shared_ptr<Upstream>> make(const Settings& settings, UpstreamProfile profile,
                                       ServerPool& pool, const UpstreamLookup&) {
  auto credentials = parse_credentials(settings, longest_credential);
  if (!credentials) {
    return credentials.error();
  }
  auto servers = Pool::make(settings, profile, pool, socks5_port);
  if (!servers) {
    return servers.error();
  }
  servers.value()->probe_with([who = credentials.value()]() {
    return std::make_unique<Socks5Handshake>(Socks5Handshake::Command::none, Target{}, who);
  });
  return std::shared_ptr<Upstream>(std::make_shared<Socks5>(
      std::move(profile), std::move(servers).value(), std::move(credentials).value()));
}

}  // namespace

extern const PolicyType socks5_policy;
constinit const PolicyType socks5_policy{"socks5", "goes through a SOCKS5 server", socks5_keys,
                                         make};

}  // namespace weir

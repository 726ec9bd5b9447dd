// The policy `http-connect`: TCP flows go through an HTTP proxy by CONNECT. There is no UDP: rules
// that would send some here are refused when the configuration is checked.
#include "handshake/http_connect.h"

#include <array>
#include <memory>
#include <utility>

#include "upstream/credentials.h"
#include "upstream/pool.h"
#include "upstream/way_keys.h"
#include "weir/upstream.h"

namespace weir {
namespace {

constexpr auto http_connect_keys =
    with_keys(pool_keys, std::array{username_key, password_key, password_file_key, via_key});
constexpr Port http_connect_port = 3128;
constexpr std::size_t longest_credential = 512;

class HttpConnect final : public Upstream {
 public:
  HttpConnect(UpstreamProfile profile, std::unique_ptr<const Pool> servers,
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
  [[nodiscard]] Datagrams datagrams() const override { return Datagrams::none; }

 private:
  [[nodiscard]] Route reach(const Flow& flow, const Target& target,
                            std::span<const std::shared_ptr<Server>> tried) const override {
    Route route = servers_->route(flow, target.endpoint.port, profile(), tried);
    if (flow.protocol == Protocol::udp) {
      route.verdict = Route::Verdict::no_server;
    }
    if (route.verdict == Route::Verdict::dial) {
      route.hops.push_back(
          {.server = route.server,
           .upstream = name(),
           .handshake = std::make_unique<HttpConnectHandshake>(target, credentials_)});
    }
    return route;
  }

  std::unique_ptr<const Pool> servers_;
  std::shared_ptr<const Credentials> credentials_;
};

Result<std::shared_ptr<Upstream>> make(const Settings& settings, UpstreamProfile profile,
                                       ServerPool& pool, const UpstreamLookup&) {
  auto credentials = parse_credentials(settings, longest_credential);
  if (!credentials) {
    return credentials.error();
  }
  // RFC 7617, section 2.
  if (credentials.value() && credentials.value()->username.find(':') != std::string::npos) {
    return Error("'username' must not contain ':' (it ends the name in Basic authentication)",
                 settings.place_of("username"));
  }
  auto servers = Pool::make(settings, profile, pool, http_connect_port);
  if (!servers) {
    return servers.error();
  }
  servers.value()->probe_with([who = credentials.value()]() {
    return std::make_unique<HttpConnectHandshake>(
        Target{.endpoint = {Address::v4(in_addr{}), http_connect_port}, .host = {}}, who,
        HttpConnectHandshake::Purpose::probe);
  });
  return std::shared_ptr<Upstream>(std::make_shared<HttpConnect>(
      std::move(profile), std::move(servers).value(), std::move(credentials).value()));
}

}  // namespace

extern const PolicyType http_connect_policy;
constinit const PolicyType http_connect_policy{
    "http-connect", "goes through an HTTP proxy: CONNECT", http_connect_keys, make};

}  // namespace weir

// The policy `http-connect`: TCP flows go through an HTTP proxy by CONNECT. There is no UDP: rules
// that would send some here are refused when the configuration is checked.
#include "handshake/http_connect.h"

#include <array>
#include <memory>
#include <utility>

#include "upstream/credentials.h"
#include "upstream/forward.h"
#include "upstream/way_keys.h"
#include "weir/upstream.h"

namespace weir {
namespace {

constexpr std::array http_connect_keys{server_key,   balance_key,       username_key,
                                       password_key, password_file_key, via_key};
constexpr Port http_connect_port = 3128;
constexpr std::size_t longest_credential = 512;

class HttpConnect final : public Upstream {
 public:
  HttpConnect(const UpstreamProfile& profile, std::shared_ptr<const Forward> servers,
              std::shared_ptr<const Credentials> credentials)
      : Upstream(profile), servers_(std::move(servers)), credentials_(std::move(credentials)) {}

  [[nodiscard]] std::vector<std::string> candidates(const Flow& flow) const override {
    return servers_->candidates(flow);
  }
  [[nodiscard]] std::span<const std::shared_ptr<Server>> servers() const override {
    return servers_->servers();
  }
  [[nodiscard]] bool is_up_to_date(const Settings& settings) const override {
    return same_credentials(parse_credentials(settings, longest_credential), credentials_);
  }
  [[nodiscard]] Datagrams datagrams() const override { return Datagrams::none; }

 private:
  [[nodiscard]] Route reach(const Flow& flow, const Target& target,
                            std::span<const std::shared_ptr<Server>> tried) const override {
    Route route = servers_->pick(flow, http_connect_port, tried);
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

  std::shared_ptr<const Forward> servers_;
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
  auto servers = make_servers(settings, profile, pool);
  if (!servers) {
    return servers.error();
  }
  return std::shared_ptr<Upstream>(std::make_shared<HttpConnect>(
      profile, std::move(servers).value(), std::move(credentials).value()));
}

}  // namespace

extern const PolicyType http_connect_policy;
constinit const PolicyType http_connect_policy{
    "http-connect", "goes through an HTTP proxy: CONNECT", http_connect_keys, make};

}  // namespace weir

// The policy `http-connect`: TCP flows go through an HTTP proxy by CONNECT. There is no UDP: rules
// that would send some here are refused when the configuration is checked.
#include "handshake/http_connect.h"

#include "upstream/proxied.h"

namespace weir {
namespace {

constexpr Port standard_port = 3128;

Result<Ok> refuse(const Credentials& credentials, const Settings& settings) {
  // RFC 7617, section 2.
  if (credentials.username.find(':') != std::string::npos) {
    return Error("'username' must not contain ':' (it ends the name in Basic authentication)",
                 settings.location_of("username"));
  }
  return Ok{};
}

constexpr ProxyDialect protocol{
    .port = standard_port,
    .longest_credential = 512,
    .connect = [](const Target& target, const ProxyDialect::SharedCredentials& credentials)
        -> ProxyDialect::HandshakePtr {
      return std::make_unique<HttpConnectHandshake>(target, credentials);
    },
    .probe = [](const ProxyDialect::SharedCredentials& credentials) -> ProxyDialect::HandshakePtr {
      return std::make_unique<HttpConnectHandshake>(
          Target{.endpoint = {Address::v4(in_addr{}), standard_port}, .host = {}}, credentials,
          HttpConnectHandshake::Purpose::probe);
    },
    .refuse = refuse,
};

Result<std::shared_ptr<Upstream>> make_http_connect(const Settings& settings,
                                                    UpstreamProfile profile, ServerPool& servers,
                                                    const UpstreamLookup&) {
  return make_proxied(protocol, settings, std::move(profile), servers);
}

}  // namespace

extern const PolicyType http_connect_policy;
constinit const PolicyType http_connect_policy{
    "http-connect", "goes through an HTTP proxy: CONNECT", proxied_keys, make_http_connect};

}  // namespace weir

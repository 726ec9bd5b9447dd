// Upstreams whose servers are proxies: a pool of them, what they ask of a user, and a handshake
// that names the flow's target. What differs from one proxy's protocol to the next is a
// ProxyDialect, and a policy's file is little more than that.
//
// A ProxyDialect is constant; owner and threads of the upstream: weir/upstream.h.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "handshake/credentials.h"
#include "upstream/pool.h"
#include "upstream/shared_keys.h"
#include "weir/datagram_codec.h"
#include "weir/handshake.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr auto proxied_keys = with_keys(
    pool_keys,
    std::array{username_key, password_key, password_file_key, host_to_proxy_key, via_key});

struct ProxyDialect {
  using SharedCredentials = std::shared_ptr<const Credentials>;  // null: no user
  using HandshakePtr = std::unique_ptr<Handshake>;

  Port port;                       // of servers that name none
  std::size_t longest_credential;  // user name and password, in bytes each
  HandshakePtr (*connect)(const Target& target, const SharedCredentials& credentials);
  HandshakePtr (*probe)(const SharedCredentials& credentials);  // asks for nothing but an answer
  // An association for datagrams, of the relay's family; null where the protocol carries none, and
  // then `codec` is, too.
  HandshakePtr (*associate)(Family family, const SharedCredentials& credentials) = nullptr;
  const DatagramCodec* codec = nullptr;
  Result<Ok> (*refuse)(const Credentials& credentials, const Settings& settings) = nullptr;
};

// For a policy's `make`. `protocol` outlives the upstream.
[[nodiscard]] Result<std::shared_ptr<Upstream>> make_proxied(const ProxyDialect& dialect,
                                                             const Settings& settings,
                                                             UpstreamProfile profile,
                                                             ServerPool& servers);

}  // namespace weir

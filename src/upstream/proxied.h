// Upstreams whose servers are proxies: a pool of them, what they ask of a user, and a handshake
// that names the flow's target. What differs from one proxy's protocol to the next is a
// ProxyProtocol, and a policy's file is little more than that.
//
// A ProxyProtocol is constant; owner and threads of the upstream: weir/upstream.h.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "handshake/credentials.h"
#include "upstream/pool.h"
#include "upstream/way_keys.h"
#include "weir/datagram_codec.h"
#include "weir/handshake.h"
#include "weir/upstream.h"

namespace weir {

inline constexpr auto proxied_keys =
    with_keys(pool_keys, std::array{username_key, password_key, password_file_key, via_key});

struct ProxyProtocol {
  using Who = std::shared_ptr<const Credentials>;  // null: no user
  using Speech = std::unique_ptr<Handshake>;

  Port port;                       // of servers that name none
  std::size_t longest_credential;  // user name and password, in bytes each
  Speech (*connect)(const Target& target, const Who& who);
  Speech (*probe)(const Who& who);  // asks for nothing but an answer
  // An association for datagrams, of the relay's family; null where the protocol carries none, and
  // then `codec` is, too.
  Speech (*associate)(Family family, const Who& who) = nullptr;
  const DatagramCodec* codec = nullptr;
  Result<Done> (*refuse)(const Credentials& who, const Settings& settings) = nullptr;
};

// For a policy's `make`. `protocol` outlives the upstream.
[[nodiscard]] Result<std::shared_ptr<Upstream>> make_proxied(const ProxyProtocol& protocol,
                                                             const Settings& settings,
                                                             UpstreamProfile profile,
                                                             ServerPool& servers);

}  // namespace weir

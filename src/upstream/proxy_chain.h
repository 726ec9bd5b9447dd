// What surrounds every policy: the PROXY header that tells a server who the client is, and the
// other upstream through which the policy's servers are reached.
//
// A ProxyHeader is immutable, and its upstream's; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "handshake/proxy_header.h"
#include "weir/upstream.h"

namespace weir {

// How the PROXY protocol is spoken to an upstream's servers. Immutable.
class ProxyHeader {
 public:
  ProxyHeader(const ProxyHeaderFormat& format, DatagramCodec::On on)
      : format_(format), datagrams_(format, on) {}

  [[nodiscard]] const ProxyHeaderFormat& format() const { return format_; }
  [[nodiscard]] const DatagramCodec& datagrams() const { return datagrams_; }

 private:
  ProxyHeaderFormat format_;
  ProxyDatagramCodec datagrams_;
};

// What `proxy-protocol` and its companions say; null for none, or where the policy has no such key.
[[nodiscard]] std::shared_ptr<const ProxyHeader> parse_proxy_header(const Settings& settings);

// The upstream that `via` names; null where it is not given. An error names the line.
[[nodiscard]] Result<std::shared_ptr<Upstream>> parse_via(const Settings& settings,
                                                          const UpstreamLookup& others);

// Why datagrams cannot take this chain at all, or "".
[[nodiscard]] std::string why_no_datagrams(const Upstream& upstream);

// The upstreams of the chain, or of a group's members, whose proxies are told the host of a TCP
// flow instead of its destination's address (host-to-proxy), each once. They live as long as it
// does.
[[nodiscard]] std::vector<const Upstream*> told_the_host(const Upstream& upstream);

// Why no hop of the chain hears where the upstream's flows are to go in the end, or "": the
// upstream that it goes `via` takes every flow to servers of its own.
[[nodiscard]] std::string why_target_is_lost(const Upstream& upstream);

}  // namespace weir

#include "upstream/proxy_chain.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "upstream/forward.h"

namespace weir {
namespace {

// `last` reached through `via`: one chain, whose first hop is dialled and whose last is `last`'s.
// `kind`: of what `last` leads to, where it has no server on the way.
Route chain(const Upstream& via, const Flow& flow, Route last, Target::Kind kind,
            std::span<const std::shared_ptr<Server>> tried) {
  const Target target{.endpoint = last.remote,
                      .host = last.host,
                      .kind = last.server ? Target::Kind::server : kind};
  Route route = via.route_to(flow, target, tried);
  if (route.verdict != Route::Verdict::dial) {
    return route;
  }
  if (last.transport == Route::Transport::udp_associate &&
      (route.transport == Route::Transport::udp_associate || !route.hops.empty() ||
       !route.layers.empty())) {
    // A relay's datagrams would have to go through what only its connection goes through.
    route.verdict = Route::Verdict::no_server;
    return route;
  }
  // The socket and the first hop are those of the route; the server that answers for the flow is
  // the last one.
  route.first_hop = route.first_hop ? route.first_hop : route.server;
  route.first_hop_upstream =
      route.first_hop_upstream.empty() ? via.name() : route.first_hop_upstream;
  route.member = last.member;  // a group on the way took the connection, and not the flow
  if (last.server) {
    route.server = std::move(last.server);
  }
  if (last.transport == Route::Transport::udp_associate) {
    route.transport = last.transport;
  }
  route.hops.insert(route.hops.end(), std::move_iterator(last.hops.begin()),
                    std::move_iterator(last.hops.end()));
  route.layers.insert(route.layers.end(), std::move_iterator(last.layers.begin()),
                      std::move_iterator(last.layers.end()));
  return route;
}

}  // namespace

Route Upstream::route(const Flow& flow, std::span<const std::shared_ptr<Server>> tried) const {
  const Target target{.endpoint = flow.destination, .host = {}, .kind = Target::Kind::destination};
  Route out = route_to(flow, target, tried);
  // A name that no hop of the chain could pass on; to connect to :: would lead to this machine.
  if (out.verdict == Route::Verdict::dial && out.remote.address.is_unspecified()) {
    out.verdict = Route::Verdict::no_server;
    out.server = nullptr;
  }
  return out;
}

Route Upstream::route_to(const Flow& flow, const Target& target,
                         std::span<const std::shared_ptr<Server>> tried) const {
  Route route = do_route(flow, target, tried);
  if (route.verdict != Route::Verdict::dial) {
    return route;
  }
  if (profile_.proxy_header) {
    const ProxyHeader& header = *profile_.proxy_header;
    if (flow.protocol == Protocol::tcp) {
      route.hops.push_back(
          {.server = route.server,
           .upstream = name(),
           .handshake = std::make_unique<ProxyHeaderHandshake>(header.format(), flow)});
    } else if (header.format().version == ProxyVersion::v2) {
      route.layers.push_back(
          {.codec = &header.datagrams(), .target = {.endpoint = route.remote, .host = route.host}});
    }
  }
  return profile_.via ? chain(*profile_.via, flow, std::move(route), target.kind, tried)
                      : std::move(route);
}

std::shared_ptr<const ProxyHeader> parse_proxy_header(const Settings& settings) {
  const std::string version = settings.text_or_empty("proxy-protocol");
  if (version.empty() || version == "none") {
    return nullptr;
  }
  return std::make_shared<ProxyHeader>(
      ProxyHeaderFormat{.version = version == "v1" ? ProxyVersion::v1 : ProxyVersion::v2,
                        .checksum = settings.yes("proxy-protocol-crc32c") ? ProxyChecksum::crc32c
                                                                          : ProxyChecksum::none},
      settings.text("proxy-protocol-udp") == "first" ? DatagramCodec::On::first
                                                     : DatagramCodec::On::every);
}

Result<std::shared_ptr<Upstream>> parse_via(const Settings& settings,
                                            const UpstreamLookup& others) {
  if (!settings.given("via")) {
    return std::shared_ptr<Upstream>();
  }
  const SourceLocation location = settings.location_of("via");
  auto via = others(settings.text("via"));
  if (!via) {
    return via.error().location().file.empty() ? Error(via.error().text(), location) : via.error();
  }
  const Upstream::Offload offload = via.value()->offload();
  if (offload == Upstream::Offload::reject || offload == Upstream::Offload::drop) {
    return Error(
        "'via' cannot name '" + via.value()->name() + "', which refuses or drops every flow",
        location);
  }
  return via;
}

namespace {

// A relay's datagrams go to the relay, not through what its connection goes through: they can only
// be sent on as they are.
std::string why_no_relay_through(const Upstream& via, const std::string& type) {
  if (via.datagrams() == Upstream::Datagrams::relayed) {
    return "type " + type + " via " + via.name() +
           ": datagrams of one SOCKS5 relay cannot go through another SOCKS5 server";
  }
  if (via.profile().proxy_header) {
    return "type " + type + " via " + via.name() +
           ": a SOCKS5 relay's datagrams cannot go through an upstream with proxy-protocol";
  }
  return via.profile().via ? why_no_relay_through(*via.profile().via, type) : std::string();
}

}  // namespace

std::string why_no_datagrams(const Upstream& upstream) {
  if (upstream.datagrams() == Upstream::Datagrams::none) {
    return "type " + upstream.profile().type + " carries no UDP";
  }
  for (const auto& other : upstream.dependencies()) {
    if (auto why = why_no_datagrams(*other); !why.empty()) {
      return "[upstream " + upstream.name() + "] goes through " + other->name() + ": " + why;
    }
  }
  const auto& via = upstream.profile().via;
  return via && upstream.datagrams() == Upstream::Datagrams::relayed
             ? why_no_relay_through(*via, upstream.profile().type)
             : std::string();
}

std::vector<const Upstream*> told_the_host(const Upstream& upstream) {
  if (upstream.server_set() != nullptr) {  // no hop before its servers hears of the destination
    return upstream.profile().to_proxy == ToProxy::host ? std::vector{&upstream}
                                                        : std::vector<const Upstream*>();
  }
  std::vector<const Upstream*> out;
  for (const auto& other : upstream.dependencies()) {
    for (const Upstream* one : told_the_host(*other)) {
      if (std::find(out.begin(), out.end(), one) == out.end()) {
        out.push_back(one);
      }
    }
  }
  return out;
}

std::string why_target_is_lost(const Upstream& upstream) {
  const auto& via = upstream.profile().via;
  if (!via) {
    return "";
  }
  const bool group = via->server_set() == nullptr && via->profile().via == nullptr;
  const auto steps = group && !via->dependencies().empty()
                         ? via->dependencies()
                         : std::span<const std::shared_ptr<Upstream>>(&via, 1);
  for (const auto& step : steps) {
    // A PROXY header names the flow's destination, not a server that it goes through.
    const bool hears_target = step->profile().proxy_header && upstream.server_set() == nullptr;
    if (step->profile().type == forward_policy.name && !hears_target) {
      return "the servers of [upstream " + step->name() + "] are never told " +
             (upstream.server_set() != nullptr
                  ? "which server of [upstream " + upstream.name() + "]"
                  : "which destination") +
             " a flow is for: type forward takes all of them to servers of its own" +
             (upstream.server_set() == nullptr ? " (proxy-protocol would tell it)" : "");
    }
  }
  return "";
}

}  // namespace weir

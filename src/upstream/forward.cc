#include "upstream/forward.h"

#include <algorithm>
#include <set>
#include <utility>

#include "upstream/server_key.h"

namespace weir {
namespace {

std::vector<int> weights_of(const std::vector<Forward::Member>& members) {
  std::vector<int> out;
  out.reserve(members.size());
  for (const auto& member : members) {
    out.push_back(member.weight);
  }
  return out;
}

Port port_for(Port wanted, const Server& server) {
  return server.identity().port != 0 ? server.identity().port : wanted;
}

}  // namespace

Forward::Forward(UpstreamProfile profile, std::vector<Member> members)
    : Upstream(std::move(profile)), weights_(weights_of(members)), turns_(weights_) {
  servers_.reserve(members.size());
  for (auto& member : members) {
    servers_.push_back(std::move(member.server));
  }
}

// The address to use: of the flow's family where there is one; of the other only when the source
// need not be the client's.
bool Forward::usable(const Flow& flow, const Server& server, Address& address) const {
  const AddressSet addresses = server.addresses();
  const Source& source = profile().source;
  const bool by_client =
      source.kind == SourceKind::client || source.kind == SourceKind::client_port;
  const bool fixed = source.kind == SourceKind::address;
  const Family wanted = fixed ? source.address.family() : flow.client.family();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].family() == wanted) {
      address = addresses[i];
      return true;
    }
  }
  if (by_client || fixed || addresses.size() == 0) {
    return false;
  }
  address = addresses[0];
  return true;
}

Route Forward::reach(const Flow& flow, const Target& target,
                     std::span<const std::shared_ptr<Server>> tried) const {
  return pick(flow, target.endpoint.port, tried);
}

Route Forward::pick(const Flow& flow, Port standard_port,
                    std::span<const std::shared_ptr<Server>> tried) const {
  Route route;
  route.verdict = Route::Verdict::no_server;
  route.source = profile().source;
  route.options = &profile().options;
  turns_.turn([&](std::size_t index) {
    const auto& server = servers_[index];
    Address address;
    if (std::find(tried.begin(), tried.end(), server) != tried.end()) {
      return false;
    }
    if (!usable(flow, *server, address)) {
      if (!profile().via || !server->is_named()) {
        return false;
      }
      route.host = server->identity().host;  // resolved by whoever leads there
    }
    route.verdict = Route::Verdict::dial;
    route.remote = {address, port_for(standard_port, *server)};
    route.server = server;
    return true;
  });
  return route;
}

std::vector<std::string> Forward::candidates(const Flow& flow) const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const auto& identity = servers_[i]->identity();
    const bool v6 = identity.host.find(':') != std::string::npos;
    out.push_back(identity.name + " " + (v6 ? "[" + identity.host + "]" : identity.host) + ":" +
                  std::to_string(port_for(flow.destination.port, *servers_[i])) +
                  " weight=" + std::to_string(weights_[i]));
  }
  return out;
}

Result<std::shared_ptr<Forward>> make_servers(const Settings& settings, UpstreamProfile profile,
                                              ServerPool& pool) {
  std::vector<Forward::Member> members;
  std::set<std::string> names;
  for (const Value& value : settings.all("server")) {
    auto parsed = parse_server(value);
    if (!parsed) {
      return parsed.error();
    }
    const ServerKey& key = parsed.value();
    if (!names.insert(key.name).second) {
      return Error("a second server named '" + key.name + "' (give it a name: NAME=HOST)",
                   value.place);
    }
    members.push_back({pool.get({settings.name(), key.name, key.host, key.port}), key.weight});
  }
  return std::make_shared<Forward>(std::move(profile), std::move(members));
}

Result<std::shared_ptr<Upstream>> make_forward(const Settings& settings, UpstreamProfile profile,
                                               ServerPool& pool, const UpstreamLookup&) {
  if (settings.given("mapping") && settings.text("mapping") == "per-client") {
    return Error("mapping = per-client is for type direct; forward is always per-flow",
                 settings.place_of("mapping"));
  }
  auto made = make_servers(settings, std::move(profile), pool);
  if (!made) {
    return made.error();
  }
  return std::shared_ptr<Upstream>(std::move(made).value());
}

}  // namespace weir

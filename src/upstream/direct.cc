#include "upstream/direct.h"

#include <utility>

namespace weir {

Route Direct::do_route(const Flow&, const Target& target,
                       std::span<const std::shared_ptr<Server>>) const {
  Route out;
  out.remote = target.endpoint;
  out.host = target.host;
  out.source = profile().source;
  out.options = &profile().options;
  return out;
}

std::vector<std::string> Direct::describe(const Flow& flow) const {
  return {flow.destination.text()};
}

Upstream::Leads Direct::leads() const {
  const UpstreamProfile& own = profile();
  if (own.via) {
    return Leads::elsewhere;
  }
  const bool by_own_egress =
      own.options.mark || !own.options.interface.empty() || own.source.kind == SourceKind::address;
  return by_own_egress ? Leads::perhaps : Leads::to_destination;
}

Result<std::shared_ptr<Upstream>> make_direct(const Settings& settings, UpstreamProfile profile,
                                              ServerPool&, const UpstreamLookup&) {
  if (!settings.given("mapping")) {
    profile.mapping = Mapping::per_client;
  }
  return std::shared_ptr<Upstream>(
      std::make_shared<Direct>(std::move(profile), Upstream::Offload::none));
}

}  // namespace weir

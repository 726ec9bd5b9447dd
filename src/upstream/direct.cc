#include "upstream/direct.h"

#include <utility>

namespace weir {

Route Direct::route(const Flow& flow, std::span<const std::shared_ptr<Server>>) const {
  return {.verdict = Route::Verdict::dial,
          .remote = flow.destination,
          .more = {},
          .source = profile().source,
          .options = &profile().options,
          .server = nullptr};
}

std::vector<std::string> Direct::candidates(const Flow& flow) const {
  return {flow.destination.text()};
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

#include "upstream/verdict.h"

#include <utility>

namespace weir {

Route Verdict::route(const Flow&, std::span<const std::shared_ptr<Server>>) const {
  return {.verdict = verdict_,
          .remote = {},
          .more = {},
          .source = {},
          .options = nullptr,
          .server = nullptr};
}

std::vector<std::string> Verdict::candidates(const Flow&) const { return {}; }

Upstream::Offload Verdict::offload() const {
  return verdict_ == Route::Verdict::reject ? Offload::reject : Offload::drop;
}

Result<std::shared_ptr<Upstream>> make_reject(const Settings&, UpstreamProfile profile, ServerPool&,
                                              const UpstreamLookup&) {
  return std::shared_ptr<Upstream>(
      std::make_shared<Verdict>(std::move(profile), Route::Verdict::reject));
}

Result<std::shared_ptr<Upstream>> make_drop(const Settings&, UpstreamProfile profile, ServerPool&,
                                            const UpstreamLookup&) {
  return std::shared_ptr<Upstream>(
      std::make_shared<Verdict>(std::move(profile), Route::Verdict::drop));
}

}  // namespace weir

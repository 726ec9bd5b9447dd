#include "upstream/verdict.h"

#include <utility>

namespace weir {

Route Verdict::do_route(const Flow&, const Target&,
                        std::span<const std::shared_ptr<Server>>) const {
  Route out;
  out.verdict = verdict_;
  return out;
}

std::vector<std::string> Verdict::describe(const Flow&) const { return {}; }

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

#include "upstream/forward.h"

namespace weir {

Result<std::shared_ptr<Upstream>> make_forward(const Settings& settings, UpstreamProfile profile,
                                               ServerPool& servers, const UpstreamLookup&) {
  auto pool = Pool::make(settings, profile, servers);
  if (!pool) {
    return pool.error();
  }
  if (settings.given("mapping") && settings.text("mapping") == "per-client") {
    return Error("mapping = per-client is for type direct; forward is always per-flow",
                 settings.place_of("mapping"));
  }
  return std::shared_ptr<Upstream>(
      std::make_shared<Forward>(std::move(profile), std::move(pool).value()));
}

}  // namespace weir

#include "upstream/forward.h"

#include "upstream/shared_keys.h"

namespace weir {
namespace {

constexpr auto keys = with_keys(
    pool_keys, std::array{proxy_protocol_key, proxy_protocol_udp_key, proxy_checksum_key, via_key});

Result<std::shared_ptr<Upstream>> make_forward(const Settings& settings, UpstreamProfile profile,
                                               ServerPool& servers, const UpstreamLookup&) {
  auto pool = Pool::make(settings, profile, servers);
  if (!pool) {
    return pool.error();
  }
  if (settings.given("mapping") && settings.text("mapping") == "per-client") {
    return Error("mapping = per-client is for type direct; forward is always per-flow",
                 settings.location_of("mapping"));
  }
  return std::shared_ptr<Upstream>(
      std::make_shared<Forward>(std::move(profile), std::move(pool).value()));
}

}  // namespace

constinit const PolicyType forward_policy{"forward", "goes to one of several servers", keys,
                                          make_forward};

}  // namespace weir

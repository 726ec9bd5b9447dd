#include "account/flow_filter.h"

namespace weir {

std::optional<AddressFilter> AddressFilter::parse(const std::string& text) {
  AddressFilter out;
  if (const auto prefix = Prefix::parse(text); prefix.ok()) {
    out.prefix_ = prefix.value();
  } else if (const auto endpoint = Endpoint::parse(text); endpoint.ok()) {
    out.exact_ = endpoint.value();
  } else {
    return std::nullopt;
  }
  return out;
}

}  // namespace weir

#include "gateway/flow_filter.h"

#include "base/prefix.h"

namespace weir {
namespace {

bool covers(const std::string& wanted, const Endpoint& endpoint) {
  if (wanted.empty()) {
    return true;
  }
  if (auto prefix = Prefix::parse(wanted); prefix.ok()) {
    return prefix.value().contains(endpoint.address);
  }
  auto exact = Endpoint::parse(wanted);
  return exact.ok() && exact.value() == endpoint;
}

}  // namespace

bool matches(const FlowFilter& filter, const FlowRecord& record) {
  return (!filter.protocol || *filter.protocol == record.protocol) &&
         (filter.rule.empty() || filter.rule == record.rule) &&
         (filter.upstream.empty() || filter.upstream == record.upstream) &&
         covers(filter.client, record.client) && covers(filter.destination, record.destination);
}

}  // namespace weir

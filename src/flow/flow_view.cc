#include "flow/flow_view.h"

namespace weir {

bool matches(const FlowFilter& filter, const FlowCore& core) {
  const Flow& flow = core.flow;
  return (!filter.protocol || *filter.protocol == flow.protocol) &&
         (filter.rule.empty() || filter.rule == core.rule->name) &&
         (filter.upstream.empty() || filter.upstream == core.rule->upstream->name() ||
          filter.upstream == core.rule->member) &&
         (!filter.client || filter.client->covers(flow.client)) &&
         (!filter.destination || filter.destination->covers(flow.destination));
}

}  // namespace weir

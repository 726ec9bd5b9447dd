#include "balance/draw_source.h"

#include "balance/stable_hash.h"

namespace weir {

DrawSource::DrawSource(std::string_view word)
    : hashed_(word == "source-hash" ? Hashed::source
              : word == "flow-hash" ? Hashed::flow
                                    : Hashed::nothing) {}

Draw DrawSource::draw(const Flow& flow) const {
  switch (hashed_) {
    case Hashed::source:
      return {.key = stable_hash(flow.client.address), .random = 0};
    case Hashed::flow:
      return {.key = stable_hash(flow), .random = 0};
    case Hashed::nothing:
      break;
  }
  return {.key = 0, .random = mixed(lots_.fetch_add(1, std::memory_order_relaxed))};
}

}  // namespace weir

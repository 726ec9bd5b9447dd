#include "balance/balance_key_source.h"

#include "balance/stable_hash.h"

namespace weir {

BalanceKeySource::BalanceKeySource(std::string_view word)
    : hashed_(word == "source-hash" ? Hashed::source
              : word == "flow-hash" ? Hashed::flow
                                    : Hashed::nothing) {}

BalanceKey BalanceKeySource::key_of(const Flow& flow) const {
  switch (hashed_) {
    case Hashed::source:
      return {.hash = stable_hash(flow.client.address), .random = 0};
    case Hashed::flow:
      return {.hash = stable_hash(flow), .random = 0};
    case Hashed::nothing:
      break;
  }
  return {.hash = 0, .random = mixed(sequence_.fetch_add(1, std::memory_order_relaxed))};
}

}  // namespace weir

#include "base/configuration.h"

namespace weir {

std::string text_of(const PortRange& range) {
  const std::string protocol = range.protocol == Protocol::tcp ? "tcp/" : "udp/";
  if (range.first <= 1 && range.last == UINT16_MAX) {
    return protocol + "*";
  }
  const std::string first = protocol + std::to_string(range.first);
  return range.first == range.last ? first : first + "-" + std::to_string(range.last);
}

}  // namespace weir

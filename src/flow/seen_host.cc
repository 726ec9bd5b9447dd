#include "flow/seen_host.h"

namespace weir {

std::string_view from_text(const SeenHost& host) {
  if (host.is_outer) {
    return "ech";
  }
  switch (host.from) {
    case HostFrom::tls:
      return "tls";
    case HostFrom::quic:
      return "quic";
    case HostFrom::http:
      return "http";
    case HostFrom::dns:
      return "dns";
    case HostFrom::proxy:
      return "proxy";
  }
  return "";
}

}  // namespace weir

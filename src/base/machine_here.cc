#include "base/machine_here.h"

#include <utility>

namespace weir {

MachineHere MachineHere::read() {
  MachineHere out{.clock = read_local_clock()};
  auto links = read_links();
  if (!links) {
    out.problem = "cannot read the links of this router: " + links.error().text();
    return out;
  }
  const auto entries = Surroundings::read_entries();
  if (!entries) {
    out.problem = "cannot read the addresses of this router: " + entries.error().text();
    return out;
  }
  out.links = std::move(links).value();
  out.networks = networks_on(out.links, entries.value());
  return out;
}

}  // namespace weir

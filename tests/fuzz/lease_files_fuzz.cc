// Lease files of any bytes: what is read is whole, an address comes once, and a table of devices
// made of it knows the names that current leases give.
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string_view>

#include "devices/device_table.h"
#include "devices/lease_files.h"
#include "devices/lease_lines.h"
#include "expect.h"

namespace weir {
namespace {

void read_any(std::string_view text) {
  constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'795'780'800)};
  LeaseList list;
  BadLines bad;
  const LeaseFormat format = read_leases(text, list, bad);
  auto book = std::make_shared<LeaseBook>();
  book->leases = list.take();
  expect(format != LeaseFormat::none || book->leases.empty(), "an empty file has no leases");
  expect((bad.count == 0) == bad.why.empty(), "a bad line says why");
  expect((bad.count == 0) == (bad.first == 0), "a bad line has a number");
  std::set<Address> seen;
  for (const Lease& lease : book->leases) {
    expect(seen.insert(lease.address).second, "an address comes once");
    expect(lease.name.size() <= longest_name, "a name is no longer than names are");
  }
  const DeviceTable table({}, book, {}, now);
  for (const Lease& lease : book->leases) {
    if (lease.is_current(now) && !device_name_key(lease.name).empty()) {
      expect(table.name_holds(lease.address, lease.name), "a current lease names its address");
    }
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::read_any({reinterpret_cast<const char*>(data), size});
  return 0;
}

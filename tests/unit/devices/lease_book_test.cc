#include "devices/lease_book.h"

#include <filesystem>
#include <fstream>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

const std::string columns =
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n";
std::string kea_line(const std::string& address, const std::string& name, int lifetime = 4000) {
  return address + ",00:00:5e:00:53:01,," + std::to_string(lifetime) + ",1795234080,1,0,0," + name +
         ",0\n";
}

std::string names(const LeaseBook& book) {
  std::string out;
  for (const Lease& lease : book.leases) {
    out += lease.address.text() + " " + lease.name + "; ";
  }
  return out;
}

TEST_CASE("all files together make the book, and each says what became of it") {
  Folder folder;
  write(folder / "dnsmasq", "1795234080 00:00:5e:00:53:01 192.0.2.10 tv *\nbad\n");
  write(folder / "isc", "lease 192.0.2.11 { client-hostname \"phone\"; }\n");
  std::filesystem::create_directory(folder / "folder");
  const std::vector<std::string> paths{folder / "dnsmasq", folder / "isc", folder / "absent",
                                       folder / "folder"};
  const auto book = read_lease_files(paths);
  CHECK(names(*book) == "192.0.2.10 tv; 192.0.2.11 phone; ");
  CHECK(book->has_source());
  REQUIRE(book->sources.size() == 4);
  CHECK(book->sources[0].format == LeaseFormat::dnsmasq);
  CHECK(book->sources[0].leases == 1);
  CHECK(book->sources[0].bad.count == 1);
  CHECK(book->sources[1].format == LeaseFormat::isc);
  CHECK(book->sources[2].state == LeaseSource::State::absent);
  CHECK(book->sources[3].state == LeaseSource::State::failed);
  CHECK(book->sources[3].problem == "it is no file");
  CHECK_FALSE(read_lease_files(std::vector<std::string>{folder / "absent"})->has_source());
}

TEST_CASE("an empty file is a source, too") {
  Folder folder;
  write(folder / "leases", "");
  CHECK(read_lease_files(std::vector<std::string>{folder / "leases"})->has_source());
}

TEST_CASE("Kea's file is complete only with those that its clean-up has put aside") {
  Folder folder;
  const std::vector<std::string> paths{folder / "leases4.csv"};
  write(folder / "leases4.csv.2",
        columns + kea_line("192.0.2.10", "oldest") + kea_line("192.0.2.12", "kept"));
  write(folder / "leases4.csv.1",
        columns + kea_line("192.0.2.10", "older") + kea_line("192.0.2.11", "gone"));
  // Moved away, and the new one is not there yet.
  CHECK(names(*read_lease_files(paths)) == "192.0.2.10 older; 192.0.2.12 kept; 192.0.2.11 gone; ");
  CHECK(read_lease_files(paths)->has_source());
  write(folder / "leases4.csv",
        columns + kea_line("192.0.2.10", "newest") + kea_line("192.0.2.11", "gone", 0));
  CHECK(names(*read_lease_files(paths)) == "192.0.2.10 newest; 192.0.2.12 kept; ");
  // The clean-up is done, and the others not yet removed.
  write(folder / "leases4.csv.completed", columns + kea_line("192.0.2.13", "cleaned"));
  CHECK(names(*read_lease_files(paths)) == "192.0.2.13 cleaned; 192.0.2.10 newest; ");
}

TEST_CASE("a book that was read again is another one only where something has changed") {
  Folder folder;
  const std::vector<std::string> paths{folder / "leases"};
  const auto absent = read_lease_files(paths);
  write(folder / "leases", "1795234080 00:00:5e:00:53:01 192.0.2.10 tv *\n");
  const auto first = read_lease_files(paths);
  CHECK_FALSE(*first == *absent);
  CHECK(*first == *read_lease_files(paths));
  write(folder / "leases", "1795234081 00:00:5e:00:53:01 192.0.2.10 tv *\n");
  CHECK_FALSE(*first == *read_lease_files(paths));
}

}  // namespace
}  // namespace weir

// Countries and networks out of MaxMind databases.
#include "sets/country_list.h"

#include <maxminddb.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "base/folder.h"
#include "catch.h"
#include "sets/mmdb_writer.h"

namespace weir {
namespace {

using Version = MmdbWriter::Version;
using RecordBits = MmdbWriter::RecordBits;
using Lines = std::vector<std::string>;

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

class Bytes final : public ListSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t size = std::min(into.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), size, into.begin());
    at_ += size;
    return size;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

// The prefixes, each with what it was found for; or the error.
Lines found(const std::string& bytes, const std::string& codes) {
  const auto list = parse_country_list("c.mmdb:" + codes);
  if (!list) {
    return {list.error().text()};
  }
  SetBuilder builder;
  Bytes source(bytes);
  const auto read = read_country_list(list.value(), source, builder);
  if (!read) {
    CHECK(read.error().location() == SourceLocation{"c.mmdb", 0});
    return {read.error().text()};
  }
  const auto set = std::move(builder).build();
  CHECK(set->size() == read.value());
  Lines out;
  for (std::size_t i = 0; i < set->prefixes.size(); ++i) {
    const auto match = set->described(set->prefixes.at(i));
    CHECK(match.location.line == 0);
    out.push_back(match.item + " " + match.location.file.substr(match.location.file.find(':') + 1));
  }
  return out;
}

MmdbWriter some_countries(RecordBits bits) {
  MmdbWriter out(Version::v6, bits);
  out.add(prefix("192.0.2.0/24"), MmdbWriter::country("DE"));
  out.add(prefix("198.51.100.0/25"), MmdbWriter::country("AT"));
  out.add(prefix("198.51.100.128/25"), MmdbWriter::country("CH"));
  out.add(prefix("2001:db8::/32"), MmdbWriter::country("DE"));
  out.add(prefix("2001:db8:ffff::/48"), MmdbWriter::country("AT"));
  return out;
}

TEST_CASE("a country's prefixes of both families are found, whatever the width of records") {
  for (const RecordBits bits : {RecordBits::bits24, RecordBits::bits28, RecordBits::bits32}) {
    const std::string bytes = some_countries(bits).bytes();
    CHECK(found(bytes, "AT") == Lines{"198.51.100.0/25 AT", "2001:db8:ffff::/48 AT"});
    CHECK(found(bytes, "ch,at") ==
          Lines{"198.51.100.0/25 AT", "198.51.100.128/25 CH", "2001:db8:ffff::/48 AT"});
    const Lines germany = found(bytes, "DE");
    CHECK(germany.size() == 1 + 16);  // 2001:db8::/32 without its last /48
    CHECK(germany.front() == "192.0.2.0/24 DE");
  }
}

TEST_CASE("neighbours of one country are one prefix") {
  MmdbWriter writer(Version::v6);
  for (const char* text : {"192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/25", "192.0.3.0/24"}) {
    writer.add(prefix(text), MmdbWriter::country("DE"));
  }
  CHECK(found(writer.bytes(), "DE") == Lines{"192.0.2.0/23 DE"});
}

TEST_CASE("a database of IPv4 alone is read, too") {
  MmdbWriter writer(Version::v4);
  writer.add(prefix("192.0.2.0/24"), MmdbWriter::country("DE"));
  writer.add(prefix("128.0.0.0/2"), MmdbWriter::country("AT"));
  CHECK(found(writer.bytes(), "DE,AT") == Lines{"128.0.0.0/2 AT", "192.0.2.0/24 DE"});
}

TEST_CASE("all of IPv4 may be of one country, and is not all of IPv6") {
  MmdbWriter writer(Version::v6);
  writer.add(prefix("0.0.0.0/1"), MmdbWriter::country("DE"));
  writer.add(prefix("128.0.0.0/1"), MmdbWriter::country("DE"));
  CHECK(found(writer.bytes(), "DE") == Lines{"0.0.0.0/0 DE"});
  MmdbWriter above(Version::v6);
  above.add(prefix("::/64"), MmdbWriter::country("DE"));
  CHECK(found(above.bytes(), "DE") == Lines{"0.0.0.0/0 DE", "::/64 DE"});
}

TEST_CASE("networks that stand for IPv4 ones are not listed a second time") {
  MmdbWriter writer = some_countries(RecordBits::bits24);
  writer.alias(prefix("2002::/16"));
  writer.alias(prefix("2001::/32"));
  CHECK(found(writer.bytes(), "AT") == Lines{"198.51.100.0/25 AT", "2001:db8:ffff::/48 AT"});
}

TEST_CASE("the names that other makers have for a country are known") {
  MmdbWriter writer(Version::v6);
  writer.add(prefix("192.0.2.0/26"), MmdbWriter::map({{"country", MmdbWriter::text("DE")}}));
  writer.add(prefix("192.0.2.64/26"), MmdbWriter::map({{"country_code", MmdbWriter::text("DE")}}));
  writer.add(prefix("192.0.2.128/26"),
             MmdbWriter::map({{"registered_country",
                               MmdbWriter::map({{"iso_code", MmdbWriter::text("DE")}})}}));
  // Where it is used counts before where it is registered.
  writer.add(prefix("192.0.2.192/26"),
             MmdbWriter::map(
                 {{"registered_country", MmdbWriter::map({{"iso_code", MmdbWriter::text("DE")}})},
                  {"country", MmdbWriter::map({{"iso_code", MmdbWriter::text("AT")}})}}));
  CHECK(found(writer.bytes(), "DE") == Lines{"192.0.2.0/25 DE", "192.0.2.128/26 DE"});
}

TEST_CASE("an autonomous system's prefixes are found") {
  MmdbWriter writer(Version::v6, RecordBits::bits24, "Test-ASN");
  writer.add(prefix("192.0.2.0/25"), MmdbWriter::system(64500));
  writer.add(prefix("192.0.2.128/25"), MmdbWriter::system(64501));
  writer.add(prefix("198.51.100.0/25"), MmdbWriter::map({{"asn", MmdbWriter::text("AS64500")}}));
  CHECK(found(writer.bytes(), "AS64500") ==
        Lines{"192.0.2.0/25 AS64500", "198.51.100.0/25 AS64500"});
  CHECK(found(writer.bytes(), "as64501") == Lines{"192.0.2.128/25 AS64501"});
  CHECK(found(writer.bytes(), "AS7") == Lines{"it has no network of AS7"});
  CHECK(found(writer.bytes(), "DE") ==
        Lines{"it does not say which network is in which country (it is a 'Test-ASN')"});
}

TEST_CASE("what a database does not know is said, with what was probably meant") {
  const std::string bytes = some_countries(RecordBits::bits24).bytes();
  CHECK(found(bytes, "XX") == Lines{"it has no network in 'XX'"});
  CHECK(found(bytes, "DQ") == Lines{"it has no network in 'DQ', did you mean 'DE'?"});
  CHECK(found(bytes, "AS64500") ==
        Lines{"it does not say which network is of which AS (it is a 'Test-Country')"});
  for (const char* code : {"DEU", "D", "AS0", "ASx", "AS1x", "12", "AS4294967296"}) {
    CHECK(found(bytes, code) == Lines{"'" + [&] {
            std::string upper = code;
            std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
            return upper;
          }() + "' is neither a country (two letters: 'DE') nor a network ('AS64500')"});
  }
}

TEST_CASE("a source with a database is told from one with a list") {
  CHECK(is_country_list("/var/lib/c.mmdb:DE"));
  CHECK(is_country_list("c.mmdb"));
  CHECK_FALSE(is_country_list("/etc/weir/list.txt"));
  CHECK_FALSE(is_country_list("c.mmdb.txt"));
  const auto list = parse_country_list("/a:b/c.mmdb: de , AT,DE,AS64500").value();
  CHECK(list.file == "/a:b/c.mmdb");
  CHECK(list.wanted == Lines{"DE", "AT", "AS64500"});
  CHECK_FALSE(parse_country_list("c.mmdb:"));
  CHECK_FALSE(parse_country_list("c.mmdb:DE,"));
}

TEST_CASE("a file that is no database, or a damaged one, is an error and no crash") {
  const Lines none{"it is no MaxMind database, or a damaged one"};
  CHECK(found("", "DE") == Lines{"it is empty"});
  CHECK(found("192.0.2.1\n", "DE") == none);
  const std::string bytes = some_countries(RecordBits::bits24).bytes();
  CHECK(found(bytes.substr(0, bytes.size() / 2), "DE") == none);
  MmdbWriter loop(Version::v4);
  loop.add(prefix("192.0.2.0/24"), MmdbWriter::country("DE"));
  loop.loop(prefix("10.0.0.0/8"));
  const Lines looped = found(loop.bytes(), "DE");
  REQUIRE(looped.size() == 1);
  CHECK(looped.front().starts_with("its tree "));
}

TEST_CASE("any byte of a database may be wrong") {
  const std::string bytes = some_countries(RecordBits::bits28).bytes();
  std::mt19937 engine(5);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(engine());
    CHECK_FALSE(found(damaged, "DE").empty());
  }
}

TEST_CASE("the prefixes of a country are the addresses that the library finds there") {
  std::mt19937 engine(6);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  const Folder folder;
  for (int round = 0; round < 20; ++round) {
    MmdbWriter writer(round % 3 == 0 ? Version::v4 : Version::v6,
                      round % 2 == 0 ? RecordBits::bits24 : RecordBits::bits28);
    std::vector<Prefix> networks;
    for (int i = 0; i < 40; ++i) {
      const Address base = Address::v4(random() & 0xf00000ffU);
      const auto length = static_cast<std::uint8_t>(1 + random() % 32);
      networks.push_back({network_of(base, length), length});
      writer.add(networks.back(), MmdbWriter::country(random() % 2 == 0 ? "DE" : "AT"));
    }
    const std::string path = folder / ("c" + std::to_string(round));
    std::ofstream(path) << writer.bytes();
    MMDB_s database{};
    REQUIRE(MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database) == MMDB_SUCCESS);
    SetBuilder builder;
    Bytes source(writer.bytes());
    REQUIRE(read_country_list({"c", {"DE"}}, source, builder));
    const auto set = std::move(builder).build();
    for (int i = 0; i < 500; ++i) {
      const Address one = Address::v4(random() & 0xf00001ffU);
      sockaddr_storage raw{};
      Endpoint{one, 0}.to(raw);
      int error = 0;
      auto result =
          MMDB_lookup_sockaddr(&database, reinterpret_cast<const sockaddr*>(&raw), &error);
      MMDB_entry_data_s code{};
      const bool is_there =
          result.found_entry &&
          MMDB_get_value(&result.entry, &code, "country", "iso_code", nullptr) == MMDB_SUCCESS &&
          std::string_view(code.utf8_string, code.data_size) == "DE";
      CHECK(set->contains(one) == is_there);
    }
    MMDB_close(&database);
  }
}

}  // namespace
}  // namespace weir

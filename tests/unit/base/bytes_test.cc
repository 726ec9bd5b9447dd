#include "base/bytes.h"

#include <string>

#include "catch.h"

namespace weir {
namespace {

using LittleWriter = ByteWriter<std::endian::little>;
using LittleReader = ByteReader<std::endian::little>;

TEST_CASE("numbers stand in the byte order of the protocol") {
  std::string big;
  NetworkWriter network(big);
  network.u16(0x0102);
  network.u32(0x03040506);
  network.u64(0x0708090a0b0c0d0e);
  CHECK(big == "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e");
  std::string little;
  LittleWriter(little).u32(0x01020304);
  CHECK(little == "\x04\x03\x02\x01");

  NetworkReader reader(big);
  CHECK(reader.u16() == 0x0102);
  CHECK(reader.u32() == 0x03040506);
  CHECK(reader.u64() == 0x0708090a0b0c0d0e);
  CHECK(reader.is_complete());
  CHECK(LittleReader(little).u32() == 0x01020304);
}

TEST_CASE("addresses stand in network order, whatever that of the numbers") {
  const Address four = Address::parse("192.0.2.1").value();
  const Address six = Address::parse("fd00::1").value();
  std::string out;
  LittleWriter writer(out);
  writer.address(four);
  writer.address(six);
  REQUIRE(out.size() == 20);
  CHECK(out.substr(0, 4) == std::string("\xc0\x00\x02\x01", 4));
  LittleReader reader(out);
  CHECK(reader.address(Family::v4) == four);
  CHECK(reader.address(Family::v6) == six);
  CHECK(reader.is_complete());
}

TEST_CASE("after the first thing that is missing everything is zero, also what would be there") {
  const std::string bytes(3, '\x07');
  NetworkReader reader(bytes);
  CHECK(reader.u32() == 0);
  CHECK(reader.failed());
  CHECK(reader.u8() == 0);
  CHECK(reader.raw(1).empty());
  CHECK(reader.address(Family::v4) == Address{});
  reader.seek(0);
  CHECK(reader.u8() == 0);
  CHECK_FALSE(reader.is_complete());
}

TEST_CASE("a place beyond the end is a failure, the end itself is none") {
  const std::string bytes(3, '\x07');
  NetworkReader reader(bytes);
  reader.seek(3);
  CHECK(reader.is_complete());
  reader.seek(1);
  CHECK(reader.u8() == 7);
  CHECK(reader.position() == 2);
  CHECK(reader.left() == 1);
  reader.seek(4);
  CHECK(reader.failed());
}

}  // namespace
}  // namespace weir

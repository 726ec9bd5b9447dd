#include "firewall/nft_listing.h"

#include "catch.h"

namespace weir::firewall {

namespace {

constexpr std::string_view listing =
    "table inet weir {\n"
    "\tcounter web {\n"
    "\t}\n"
    "\n"
    "\tct timeout closing {\n"
    "\t\tprotocol tcp\n"
    "\t}\n"
    "\n"
    "\tchain own {\n"
    "\t\tmeta mark { 1 } return\n"
    "\t}\n"
    "}\n";

}  // namespace

TEST_CASE("a listing is its head and objects, each with kind, name and lines") {
  const NftListing read = read_listing(listing);
  CHECK(read.head == "table inet weir {\n");
  REQUIRE(read.objects.size() == 3);
  CHECK(read.objects[0].kind == "counter");
  CHECK(read.objects[1].kind == "ct timeout");
  CHECK(read.objects[1].name == "closing");
  CHECK(read.objects[2].text == "\tchain own {\n\t\tmeta mark { 1 } return\n\t}\n");
}

TEST_CASE("an empty table has no objects, nor has an empty text") {
  CHECK(read_listing("table inet weir {\n}\n").objects.empty());
  CHECK(read_listing("").objects.empty());
  CHECK(in_order("table inet weir {\n}\n") == "table inet weir {\n}\n");
}

TEST_CASE("two listings of the same objects are the same text in order") {
  constexpr std::string_view other =
      "table inet weir {\n"
      "\tchain own {\n"
      "\t\tmeta mark { 1 } return\n"
      "\t}\n"
      "\n"
      "\tct timeout closing {\n"
      "\t\tprotocol tcp\n"
      "\t}\n"
      "\n"
      "\tcounter web {\n"
      "\t}\n"
      "}\n";
  CHECK(in_order(listing) == in_order(other));
  CHECK(in_order(listing) == in_order(in_order(listing)));
}

}  // namespace weir::firewall

// The names that a rule's line has.
#include "rules/name_list.h"

#include "catch.h"

namespace weir {
namespace {

NameList list(const std::vector<std::string>& names) {
  std::vector<Name> out;
  for (const std::string& name : names) {
    out.push_back(Name::parse(name).value());
  }
  return NameList(std::move(out));
}

std::string found(const std::vector<std::string>& names, const std::string& host) {
  const NameList all = list(names);
  const Name* name = all.find(host);
  return name == nullptr ? "" : name->written();
}

TEST_CASE("a host is found by its own name, and by those above it that have what is below them") {
  CHECK(found({"example.org"}, "example.org") == "example.org");
  CHECK(found({"example.org"}, "www.example.org").empty());
  CHECK(found({"*.example.org"}, "example.org").empty());
  CHECK(found({"*.example.org"}, "a.b.example.org") == "*.example.org");
  CHECK(found({".example.org"}, "example.org") == ".example.org");
  CHECK(found({".example.org"}, "www.example.org") == ".example.org");
  CHECK(found({".example.org"}, "badexample.org").empty());
  CHECK(found({"org"}, "example.org").empty());
  CHECK(found({".org"}, "example.org") == ".org");
  CHECK(found({}, "example.org").empty());
}

TEST_CASE("of several names the longest is found, and the host's own before what is below one") {
  const std::vector<std::string> names{".org", "*.example.org", "www.example.org",
                                       "*.www.example.org"};
  CHECK(found(names, "www.example.org") == "www.example.org");
  CHECK(found(names, "a.www.example.org") == "*.www.example.org");
  CHECK(found(names, "ftp.example.org") == "*.example.org");
  CHECK(found(names, "example.org") == ".org");
}

TEST_CASE("names cover one whose every host they have, several of them together, too") {
  const auto covers = [](const std::vector<std::string>& names, const std::string& name) {
    return list(names).covers(Name::parse(name).value());
  };
  CHECK(covers({".example.org"}, "*.example.org"));
  CHECK(covers({".example.org"}, "www.example.org"));
  CHECK(covers({"example.org", "*.example.org"}, ".example.org"));
  CHECK(covers({"*.org"}, ".example.org"));
  CHECK_FALSE(covers({"*.example.org"}, ".example.org"));
  CHECK_FALSE(covers({"example.org"}, ".example.org"));
  CHECK_FALSE(covers({"*.www.example.org", "www.example.org"}, "*.example.org"));
}

TEST_CASE("names overlap with one where they have a host in common") {
  const auto overlaps = [](const std::vector<std::string>& names, const std::string& name) {
    return list(names).overlaps(Name::parse(name).value());
  };
  CHECK(overlaps({"www.example.org"}, ".example.org"));
  CHECK(overlaps({"*.www.example.org"}, "*.example.org"));
  CHECK(overlaps({".org"}, "example.org"));
  CHECK_FALSE(overlaps({"example.org"}, "*.example.org"));
  CHECK_FALSE(overlaps({"*.example.org"}, "example.org"));
  CHECK_FALSE(overlaps({"badexample.org"}, ".example.org"));
  CHECK_FALSE(overlaps({"www.example.org"}, "example.org"));
}

}  // namespace
}  // namespace weir

#include "cli/screen_table.h"

#include "catch.h"

namespace weir {
namespace {

std::vector<std::string> texts(const std::vector<ScreenLine>& lines) {
  std::vector<std::string> out;
  for (const ScreenLine& line : lines) {
    out.push_back(text_of(line));
  }
  return out;
}

std::vector<std::string> table(std::size_t width, std::size_t height, std::size_t rows = 3) {
  std::vector<ScreenRow> all;
  for (std::size_t i = 0; i < rows; ++i) {
    all.push_back({{"a rule with a long name"}, {std::to_string(i)}, {"id" + std::to_string(i)}});
  }
  return texts(
      screen_table({{"RULE", false, 9}, {"FLOWS", true, 8}, {"ID", false, 1}}, all, width, height));
}

}  // namespace

TEST_CASE("with room for all, columns line up and numbers stand to the right") {
  CHECK(table(80, 9, 1) == std::vector<std::string>{"RULE                     FLOWS  ID ",
                                                    "a rule with a long name      0  id0"});
}

TEST_CASE("where there is no room cells are shortened, with a sign, before a column goes") {
  CHECK(table(25, 9, 1) ==
        std::vector<std::string>{"RULE           FLOWS  ID ", "a rule with …      0  id0"});
}

TEST_CASE("the least important columns go, numbers are never shortened") {
  CHECK(table(17, 9, 1) == std::vector<std::string>{"RULE        FLOWS", "a rule wi…      0"});
}

TEST_CASE("what is not shown of the rows is counted") {
  CHECK(table(80, 4, 3).size() == 4);
  CHECK(table(80, 3, 3).back() == "… 2 more");
  CHECK(table(80, 2, 3).back() == "… 3 more");
  CHECK(table(80, 1, 3).size() == 1);
  CHECK(table(80, 0, 3).empty());
}

TEST_CASE("no line is wider than the screen, however narrow") {
  for (std::size_t width = 0; width < 40; ++width) {
    for (const std::string& line : table(width, 5)) {
      INFO(width << ": " << line);
      CHECK(width_of(line) <= width);
    }
  }
}

TEST_CASE("what is shortened ends with a sign, and characters stay whole") {
  CHECK(shortened("caf\xc3\xa9s", 5) == "caf\xc3\xa9s");
  CHECK(shortened("caf\xc3\xa9s", 4) == "caf…");
  CHECK(shortened("caf\xc3\xa9s!", 5) == "caf\xc3\xa9…");
  CHECK(shortened("abc", 1) == "…");
  CHECK(shortened("abc", 0).empty());
  CHECK(text_of(shortened(ScreenLine{{"ab"}, {"cd"}}, 4)) == "abcd");
  CHECK(text_of(shortened(ScreenLine{{"ab"}, {"cd"}}, 3)) == "ab…");
  CHECK(text_of(shortened(ScreenLine{{"ab"}, {"cd"}}, 2)) == "a…");
}

}  // namespace weir

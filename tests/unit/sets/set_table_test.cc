// All sets of a configuration, read once, and read again at a reload.
#include "sets/set_table.h"

#include <cstring>
#include <map>

#include "catch.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

// Lists that exist only here.
class MadeUpLists {
 public:
  std::map<std::string, std::string> texts;
  std::map<std::string, int> opened;

  OpenList open() {
    return [this](const std::string& path) -> Result<std::unique_ptr<ListSource>> {
      ++opened[path];
      const auto found = texts.find(path);
      if (found == texts.end()) {
        return Error("there is no such file");
      }
      return std::unique_ptr<ListSource>(std::make_unique<Text>(found->second));
    };
  }

 private:
  class Text final : public ListSource {
   public:
    explicit Text(std::string text) : text_(std::move(text)) {}
    Result<std::size_t> read(std::span<char> into) override {
      const std::size_t size = std::min(into.size(), text_.size() - at_);
      std::memcpy(into.data(), text_.data() + at_, size);
      at_ += size;
      return size;
    }

   private:
    std::string text_;
    std::size_t at_ = 0;
  };
};

SetSettings set_of(const std::string& name, const std::string& file, int line = 1) {
  return {.name = name,
          .location = {"weir.ini", line},
          .files = {{file, {"weir.ini", line + 1}}},
          .entries = {}};
}

Lines lines_of(const SetsLoaded& loaded) {
  Lines out;
  for (const Diagnostic& one : loaded.diagnostics) {
    out.push_back(one.line());
  }
  return out;
}

bool has(const SetsLoaded& loaded, const char* key, const char* address) {
  const LoadedSet* set = loaded.table->find(key);
  return set != nullptr && set->contents->contains(Address::parse(address).value());
}

TEST_CASE("each set of a configuration is read once and found by its key") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\n"}, {"/l/b", "192.0.2.2\n"}};
  const std::vector<SetSettings> sets{set_of("a", "/l/a"), set_of("", "/l/b")};
  const SetsLoaded loaded = load_sets(sets, nullptr, lists.open());
  CHECK(loaded.diagnostics.empty());
  REQUIRE(loaded.table);
  CHECK(has(loaded, "a", "192.0.2.1"));
  CHECK(has(loaded, "@/l/b", "192.0.2.2"));
  CHECK_FALSE(has(loaded, "a", "192.0.2.2"));
  CHECK(loaded.table->find("b") == nullptr);
  CHECK(loaded.table->find("/l/b") == nullptr);
  CHECK(loaded.table->sets().size() == 2);
  CHECK(lists.opened == std::map<std::string, int>{{"/l/a", 1}, {"/l/b", 1}});
}

TEST_CASE("with nothing from before, every problem of every set is an error at its line") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\nx y\n"}, {"/l/b", "192.0.2.2\n"}};
  SetSettings missing = set_of("", "/l/adz", 5);
  missing.files.front().hint = ", did you mean '@ads'?";
  const std::vector<SetSettings> sets{set_of("a", "/l/a"), set_of("b", "/l/b", 3), missing};
  const SetsLoaded loaded = load_sets(sets, nullptr, lists.open());
  CHECK_FALSE(loaded.table);
  CHECK(lines_of(loaded) ==
        Lines{"/l/a:2: error: there is text after 'x': a list has one item a line",
              "weir.ini:6: error: cannot use '/l/adz': there is no such file, did you mean "
              "'@ads'?"});
}

TEST_CASE("at a reload a set whose list is bad stays as it was, and the others change") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\n"}, {"/l/b", "192.0.2.2\n"}};
  std::vector<SetSettings> sets{set_of("a", "/l/a"), set_of("b", "/l/b", 4)};
  const SetsLoaded first = load_sets(sets, nullptr, lists.open());
  REQUIRE(first.table);

  lists.texts = {{"/l/a", "192.0.2.9\nx y\ny z\n"}, {"/l/b", "192.0.2.3\n"}};
  const SetsLoaded second = load_sets(sets, first.table.get(), lists.open());
  REQUIRE(second.table);
  CHECK(lines_of(second) ==
        Lines{"/l/a:2: warning: there is text after 'x': a list has one item a line (and 1 more); "
              "[set a] stays as it was"});
  CHECK(has(second, "a", "192.0.2.1"));
  CHECK_FALSE(has(second, "a", "192.0.2.9"));
  CHECK(has(second, "b", "192.0.2.3"));
  CHECK(second.table->find("a")->contents == first.table->find("a")->contents);
  REQUIRE(second.table->find("a")->kept_for);
  CHECK(second.table->find("a")->kept_for->location() == SourceLocation{"/l/a", 2});
  CHECK_FALSE(second.table->find("b")->kept_for);

  // As often as the list stays bad, and until it is good again.
  lists.texts.erase("/l/a");
  const SetsLoaded third = load_sets(sets, second.table.get(), lists.open());
  REQUIRE(third.table);
  CHECK(lines_of(third) == Lines{"weir.ini:2: warning: cannot use '/l/a': there is no such file; "
                                 "[set a] stays as it was"});
  CHECK(has(third, "a", "192.0.2.1"));
  lists.texts["/l/a"] = "192.0.2.7\n";
  const SetsLoaded fourth = load_sets(sets, third.table.get(), lists.open());
  CHECK(fourth.diagnostics.empty());
  CHECK(has(fourth, "a", "192.0.2.7"));
  CHECK_FALSE(fourth.table->find("a")->kept_for);
}

TEST_CASE("a set that is made of other lists than before has nothing to stay") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\n"}, {"/l/bad", "x y\n"}};
  const std::vector<SetSettings> before{set_of("a", "/l/a")};
  const SetsLoaded first = load_sets(before, nullptr, lists.open());
  REQUIRE(first.table);
  const std::vector<SetSettings> other{set_of("a", "/l/bad")};
  const SetsLoaded second = load_sets(other, first.table.get(), lists.open());
  CHECK_FALSE(second.table);
  CHECK(lines_of(second) ==
        Lines{"/l/bad:1: error: there is text after 'x': a list has one item a line"});
}

TEST_CASE("a set that moved in the configuration is the same set") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\n"}};
  const std::vector<SetSettings> before{set_of("a", "/l/a", 1)};
  const SetsLoaded first = load_sets(before, nullptr, lists.open());
  REQUIRE(first.table);
  lists.texts.clear();
  const std::vector<SetSettings> later{set_of("a", "/l/a", 20)};
  const SetsLoaded second = load_sets(later, first.table.get(), lists.open());
  REQUIRE(second.table);
  CHECK(has(second, "a", "192.0.2.1"));
  CHECK(second.table->find("a")->settings.location.line == 20);
}

TEST_CASE("a set that would lose more than half of it stays as it was, unless it may shrink") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n"}};
  std::vector<SetSettings> sets{set_of("a", "/l/a", 7)};
  const SetsLoaded first = load_sets(sets, nullptr, lists.open());
  REQUIRE(first.table);
  lists.texts["/l/a"] = "192.0.2.1\n";
  const SetsLoaded second = load_sets(sets, first.table.get(), lists.open());
  REQUIRE(second.table);
  CHECK(lines_of(second) ==
        Lines{"weir.ini:7: warning: [set a] would shrink from 4 items to 1, under half of "
              "them: 'may-shrink = yes' allows that; [set a] stays as it was"});
  CHECK(has(second, "a", "192.0.2.4"));

  sets.front().may_shrink = MayShrink::yes;
  const SetsLoaded third = load_sets(sets, second.table.get(), lists.open());
  REQUIRE(third.table);
  CHECK(third.diagnostics.empty());
  CHECK_FALSE(has(third, "a", "192.0.2.4"));
}

TEST_CASE("other lists that would leave less than half of a set refuse the configuration") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\n192.0.2.2\n192.0.2.3\n"}, {"/l/b", "192.0.2.1\n"}};
  const std::vector<SetSettings> before{set_of("a", "/l/a")};
  const SetsLoaded first = load_sets(before, nullptr, lists.open());
  REQUIRE(first.table);
  const std::vector<SetSettings> other{set_of("a", "/l/b")};
  const SetsLoaded second = load_sets(other, first.table.get(), lists.open());
  CHECK_FALSE(second.table);
  CHECK(lines_of(second) ==
        Lines{"weir.ini:1: error: [set a] would shrink from 3 items to 1, under half of them: "
              "'may-shrink = yes' allows that"});
}

TEST_CASE("lines that are skipped are counted, and said once with the first of them") {
  MadeUpLists lists;
  lists.texts = {{"/l/a", "192.0.2.1\nx y\ny z\n"}, {"/l/b", "x y\n192.0.2.1\n"}};
  std::vector<SetSettings> sets{set_of("a", "/l/a"), set_of("b", "/l/b")};
  for (SetSettings& set : sets) {
    set.on_bad_line = OnBadLine::skip;
  }
  const SetsLoaded loaded = load_sets(sets, nullptr, lists.open());
  REQUIRE(loaded.table);
  CHECK(loaded.table->find("a")->skipped_lines == 2);
  CHECK(lines_of(loaded) ==
        Lines{"/l/a:2: warning: there is text after 'x': a list has one item a line; the first of "
              "2 lines of [set a] that weir skips",
              "/l/b:1: warning: there is text after 'x': a list has one item a line; the one line "
              "of [set b] that weir skips"});
}

}  // namespace
}  // namespace weir

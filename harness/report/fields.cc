// SPDX-License-Identifier: Apache-2.0
#include "harness/report/fields.h"

#include <nlohmann/json.hpp>

#include "compile/base/error.h"

namespace assay {
namespace {

/// Writes a record. `at_`: the values that are being written, the innermost last.
class Writer : public Fields {
 public:
  explicit Writer(Json& root) : at_{&root} { root = Json::object(); }
  void schema(std::string_view name) override { here()["schema"] = name; }

 protected:
  bool enter(const char* name, bool given, bool required) override {
    if (!given && !required) return false;
    at_.push_back(&here()[name]);
    return true;
  }
  void leave() override { at_.pop_back(); }
  void at(bool& value) override { here() = value; }
  void at(double& value) override { here() = value; }
  void at(std::int64_t& value) override { here() = value; }
  void at(std::uint64_t& value) override { here() = value; }
  void at(std::string& value) override { here() = value; }
  void at(OptionValue& value) override {
    std::visit([&](const auto& v) { here() = v; }, value);
  }
  void at(Verdict& value) override { here() = verdict_name(value); }
  bool at_optional(bool given) override { return given; }
  void begin_record() override { here() = Json::object(); }
  void end_record() override {}
  std::size_t begin_list(std::size_t size) override {
    here() = Json::array();
    return size;
  }
  void begin_entry(std::size_t) override { at_.push_back(&here().emplace_back()); }
  void end_entry() override { at_.pop_back(); }
  void end_list() override {}
  std::size_t begin_named(std::size_t size) override {
    here() = Json::object();
    return size;
  }
  void begin_named_entry(std::size_t, std::string& name) override { at_.push_back(&here()[name]); }

 private:
  Json& here() { return *at_.back(); }
  std::vector<Json*> at_;
};

/// Reads a record from a document that keeps to its schema.
class Reader : public Fields {
 public:
  explicit Reader(const Json& root) : at_{&root} {}
  void schema(std::string_view) override {}

 protected:
  bool enter(const char* name, bool, bool required) override {
    const auto it = here().find(name);
    if (it == here().end()) {
      ASSAY_INVARIANT(!required, "a report that was not checked is read");
      return false;
    }
    at_.push_back(&*it);
    return true;
  }
  void leave() override { at_.pop_back(); }
  void at(bool& value) override { value = here().get<bool>(); }
  void at(double& value) override { value = here().get<double>(); }
  void at(std::int64_t& value) override { value = here().get<std::int64_t>(); }
  void at(std::uint64_t& value) override { value = here().get<std::uint64_t>(); }
  void at(std::string& value) override { value = here().get<std::string>(); }
  void at(OptionValue& value) override {
    if (here().is_string())
      value = here().get<std::string>();
    else
      value = here().get<std::int64_t>();
  }
  void at(Verdict& value) override { value = parse_verdict(here().get<std::string>()); }
  bool at_optional(bool) override { return !here().is_null(); }
  void begin_record() override {}
  void end_record() override {}
  std::size_t begin_list(std::size_t) override { return here().size(); }
  void begin_entry(std::size_t index) override { at_.push_back(&here()[index]); }
  void end_entry() override { at_.pop_back(); }
  void end_list() override {}
  std::size_t begin_named(std::size_t) override { return here().size(); }
  void begin_named_entry(std::size_t index, std::string& name) override {
    const auto entry = std::next(here().begin(), static_cast<std::ptrdiff_t>(index));
    name = entry.key();
    at_.push_back(&*entry);
  }

 private:
  const Json& here() const { return *at_.back(); }
  std::vector<const Json*> at_;
};

/// Describes a record. `at_`: the schemas of the values that are being described.
class Describer : public Fields {
 public:
  explicit Describer(Json& root) : at_{&root} { begin_record(); }
  void schema(std::string_view) override {
    here()["required"].push_back("schema");
    here()["properties"]["schema"] = {{"type", "string"}};
  }

 protected:
  bool enter(const char* name, bool, bool required) override {
    if (required) here()["required"].push_back(name);
    at_.push_back(&here()["properties"][name]);
    return true;
  }
  void leave() override { at_.pop_back(); }
  void at(bool&) override { here()["type"] = "boolean"; }
  void at(double&) override { number("number"); }
  void at(std::int64_t&) override { number("integer"); }
  void at(std::uint64_t&) override { number("integer"); }
  void at(std::string&) override {
    here()["type"] = "string";
    if (!words_.empty()) here()["enum"] = words_;
  }
  void at(OptionValue&) override { here()["type"] = {"integer", "string"}; }
  void at(Verdict&) override {
    here()["type"] = "string";
    for (const Verdict verdict :
         {Verdict::kEquivalent, Verdict::kApproximate, Verdict::kDifferent, Verdict::kInconclusive})
      if (approximate_ || verdict != Verdict::kApproximate)
        here()["enum"].push_back(verdict_name(verdict));
  }
  bool at_optional(bool) override { return true; }
  void end_optional() override {
    Json& type = here()["type"];
    if (!type.is_array()) type = Json::array({type});
    type.push_back("null");
    if (here().contains("enum")) here()["enum"].push_back(nullptr);
  }
  void begin_record() override {
    here() = {{"type", "object"},
              {"required", Json::array()},
              {"additionalProperties", false},
              {"properties", Json::object()}};
  }
  void end_record() override {}
  std::size_t begin_list(std::size_t) override {
    here()["type"] = "array";
    return 1;
  }
  void begin_entry(std::size_t) override { at_.push_back(&here()["items"]); }
  void end_entry() override { at_.pop_back(); }
  void end_list() override {}
  std::size_t begin_named(std::size_t) override {
    here()["type"] = "object";
    return 1;
  }
  void begin_named_entry(std::size_t, std::string&) override {
    at_.push_back(&here()["additionalProperties"]);
  }

 private:
  Json& here() { return *at_.back(); }
  void number(const char* type) {
    here()["type"] = type;
    if (least_) here()["minimum"] = *least_;
  }
  std::vector<Json*> at_;
};

}  // namespace

Json to_json(const AnyRecord& record) {
  Json json;
  Writer writer(json);
  record.visit(writer);
  return json;
}

Json json_schema(const AnyRecord& record) {
  Json json;
  Describer describer(json);
  record.visit(describer);
  return json;
}

void read_fields(const Json& json, const AnyRecord& record) {
  Reader reader(json);
  record.visit(reader);
}

}  // namespace assay

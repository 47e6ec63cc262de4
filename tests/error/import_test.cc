// SPDX-License-Identifier: Apache-2.0
// What the importer refuses, and that the message names the place. Each refusal takes less than a
// second.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>

#include "compile/base/error.h"
#include "compile/onnx/export.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Ints = TestModel::Ints;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// The message of the refusal; fails when there is none or it takes long.
std::string refusal_of(const std::function<void()>& import) {
  const auto begin = std::chrono::steady_clock::now();
  std::string message;
  try {
    import();
    ADD_FAILURE() << "the model was accepted";
  } catch (const UserError& error) {
    message = error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  return message;
}
std::string refusal(const TestModel& model) {
  return refusal_of([&] { model.import(); });
}

onnx::NodeProto& node(TestModel& model, int index = 0) {
  return *model.graph().mutable_node(index);
}
onnx::TensorProto& initializer(TestModel& model, int index) {
  return *model.graph().mutable_initializer(index);
}

// ---- Files ----

TEST(ImportFile, GarbageIsRefused) {
  for (const std::string& bytes : {std::string(), std::string("hello, world"),
                                   std::string(1000, '\xff'), std::string(5000, '\0')})
    EXPECT_THAT(refusal_of([&] { import_bytes(bytes, {}, "junk.onnx"); }),
                HasSubstr("junk.onnx: "));
}

TEST(ImportFile, EveryTruncationIsRefused) {
  // What Assay writes ends in metadata, which a cut at the end of a field would drop silently.
  for (const std::string& bytes : {quant_model().bytes(), export_bytes(quant_model().import())}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      SCOPED_TRACE(size);
      EXPECT_THAT(
          refusal_of([&] { import_bytes(std::string_view(bytes).substr(0, size), {}, "cut"); }),
          HasSubstr("cut: "));
    }
  }
}

TEST(ImportFile, EveryFlippedByteIsRefusedOrHarmless) {
  const std::string bytes = quant_model().bytes();
  int accepted = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      try {
        verify(import_bytes(changed, {}, "flip"));
        ++accepted;  // another scale, another name
      } catch (const UserError&) {
      }
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(ImportFile, DeepNestingIsRefused) {
  // Graph attributes within graph attributes, as wire bytes: model.graph (7) { node (1) { attribute
  // (5) { g (6) { node ...
  std::string inner;
  const auto wrap = [&](char tag) {
    std::string length;
    for (std::size_t n = inner.size();; n >>= 7) {
      length += static_cast<char>(n < 128 ? n : (n & 127) | 128);
      if (n < 128) break;
    }
    inner = tag + length + inner;
  };
  for (int depth = 0; depth < 3000; ++depth)
    for (const char tag : {'\x32', '\x2a', '\x0a'}) wrap(tag);
  wrap('\x3a');
  EXPECT_THAT(refusal_of([&] { import_bytes("\x08\x07" + inner, {}, "deep"); }),
              HasSubstr("deep: "));
}

TEST(ImportFile, AMissingFileIsRefusedByName) {
  EXPECT_THAT(refusal_of([] { import_model("/nonexistent/net.onnx"); }), HasSubstr("net.onnx"));
  EXPECT_THAT(refusal_of([] { import_model("/"); }), HasSubstr("'/'"));
}

// ---- Models ----

TEST(ImportModel, AnEmptyGraphIsRefused) {
  TestModel model;
  EXPECT_THAT(refusal(model), HasSubstr("no nodes"));
  TestModel silent = relu_model();
  silent.graph().clear_output();
  EXPECT_THAT(refusal(silent), HasSubstr("no outputs"));
}

TEST(ImportModel, AMissingOrUnknownOpsetIsRefused) {
  TestModel none = relu_model();
  none.proto.clear_opset_import();
  EXPECT_THAT(refusal(none), AllOf(HasSubstr("opset_import"), HasSubstr("missing")));
  TestModel custom = relu_model();
  custom.proto.clear_opset_import();
  custom.opset("onnx.brevitas", 1);
  EXPECT_THAT(refusal(custom), AllOf(HasSubstr("'n0' (Relu)"), HasSubstr("opset_import")));
  TestModel newer = relu_model();
  newer.proto.clear_opset_import();
  newer.opset("", 99);
  EXPECT_THAT(refusal(newer), HasSubstr("opset 99"));
  TestModel later = relu_model();
  later.proto.set_ir_version(99);
  EXPECT_THAT(refusal(later), HasSubstr("IR version 99"));
  TestModel twice = relu_model();
  twice.opset("ai.onnx", 13);
  EXPECT_THAT(refusal(twice), HasSubstr("versions 14 and 13"));
  TestModel third = quant_model();
  third.opset("qonnx.custom_op.general", 3);
  EXPECT_THAT(refusal(third), AllOf(HasSubstr("'q'"), HasSubstr("version 3")));
}

TEST(ImportModel, FunctionsTrainingAndSparseInitializersAreRefused) {
  TestModel functions = relu_model();
  functions.proto.add_functions()->set_name("f");
  EXPECT_THAT(refusal(functions), HasSubstr("function 'f'"));
  TestModel training = relu_model();
  training.proto.add_training_info();
  EXPECT_THAT(refusal(training), HasSubstr("training_info"));
  TestModel sparse = relu_model();
  sparse.graph().add_sparse_initializer()->mutable_values()->set_name("s");
  EXPECT_THAT(refusal(sparse), HasSubstr("'s'"));
}

TEST(ImportModel, DamagedMetadataIsRefused) {
  for (const auto& [key, value] :
       {std::pair{"assay.constants", "{"},
        {"assay.constants", R"({"nobody": {"kind": "real", "values": ["1"]}})"},
        {"assay.constants", R"({"scale": {"kind": "real", "values": ["1/3"]}})"},
        {"assay.constants", R"({"scale": {"kind": "real", "values": []}})"},
        {"assay.constants", R"({"scale": {"kind": "real", "values": [7]}})"},
        {"assay.constants", R"({"scale": {"kind": "int"}})"},
        {"assay.checkpoints", "[{}]"},
        {"assay.checkpoints", R"([{"name":"a","kind":"input","tensor":"z","dtype":"INT4"}])"},
        {"assay.checkpoints", R"([{"name":"a","kind":"input","tensor":"x","dtype":"INT99"}])"}}) {
    SCOPED_TRACE(value);
    TestModel model = quant_model();
    auto* entry = model.proto.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
    EXPECT_THAT(refusal(model), HasSubstr(key));
  }
}

// ---- Graphs ----

TEST(ImportGraph, CyclesAreRefusedByNode) {
  TestModel model = relu_model();
  node(model).set_input(0, "z");
  model.node("Relu", {"y"}, {"z"});
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0' (Relu)"), HasSubstr("cycle")));
  TestModel self = relu_model();
  node(self).set_input(0, "y");
  EXPECT_THAT(refusal(self), HasSubstr("cycle"));
}

TEST(ImportGraph, DanglingTensorsAreRefusedByName) {
  TestModel model = relu_model();
  node(model).set_input(0, "ghost");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0' (Relu)"), HasSubstr("'ghost'")));
  TestModel output = relu_model();
  output.output("phantom");
  EXPECT_THAT(refusal(output), HasSubstr("'phantom'"));
  TestModel annotation = relu_model();
  annotation.graph().add_quantization_annotation()->set_tensor_name("spirit");
  EXPECT_THAT(refusal(annotation), HasSubstr("'spirit'"));
}

TEST(ImportGraph, DuplicateNamesAreRefused) {
  TestModel outputs = relu_model();
  outputs.node("Relu", {"x"}, {"y"});
  EXPECT_THAT(refusal(outputs), HasSubstr("'y'"));
  TestModel constants = quant_model();
  constants.scalar("scale", 1);
  EXPECT_THAT(refusal(constants), HasSubstr("'scale'"));
  TestModel inputs = relu_model();
  inputs.input("x", {1, 2});
  EXPECT_THAT(refusal(inputs), HasSubstr("'x'"));
  TestModel overwritten = relu_model();
  overwritten.node("Relu", {"y"}, {"x"});
  EXPECT_THAT(refusal(overwritten), HasSubstr("'x'"));
}

TEST(ImportGraph, DuplicateAndEmptyNodeNamesAreMadeUnique) {
  TestModel model = relu_model();
  model.node("Relu", {"y"}, {"z"}).set_name("n0");
  model.node("Relu", {"z"}, {"a"}).set_name("");
  model.node("Relu", {"a"}, {"b"}).set_name("");
  model.output("b");
  EXPECT_EQ(model.import().nodes().size(), 4);
}

TEST(ImportGraph, GraphsBeyondAnyNetworkAreRefusedQuickly) {
  TestModel nodes = relu_model();
  for (int i = 0; i < 8192; ++i) nodes.node("Relu", {"x"}, {"t" + std::to_string(i)});
  EXPECT_THAT(refusal(nodes), HasSubstr("more than 8192 nodes"));
  TestModel uses = relu_model();
  uses.node("Concat", TestModel::Names(8192, "x"), {"z"});
  EXPECT_THAT(refusal(uses), HasSubstr("'x' is used more than 8192 times"));
  TestModel total = relu_model();
  for (int i = 0; i < 17; ++i) {
    const std::string name = "t" + std::to_string(i);
    total.node("Relu", {"x"}, {name});
    total.node("Concat", TestModel::Names(4096, name), {"c" + std::to_string(i)});
  }
  EXPECT_THAT(refusal(total), HasSubstr("65536"));
}

TEST(ImportGraph, AMillionNodesAreCountedNotParsed) {
  onnx::GraphProto one;
  one.add_node()->set_op_type("Relu");
  TestModel model = relu_model();
  std::string graph = model.graph().SerializeAsString();
  const std::string node = one.SerializeAsString();
  for (int i = 0; i < 1'000'000; ++i) graph += node;
  model.proto.clear_graph();
  std::string bytes = model.proto.SerializeAsString() + '\x3a';
  for (std::size_t n = graph.size();; n >>= 7) {
    bytes += static_cast<char>(n < 128 ? n : (n & 127) | 128);
    if (n < 128) break;
  }
  bytes += graph;
  EXPECT_THAT(refusal_of([&] { import_bytes(bytes, {}, "million"); }),
              AllOf(HasSubstr("million: "), HasSubstr("more than 8192 nodes")));
}

TEST(ImportGraph, TensorsBeyondAnyMachineAreRefusedByNode) {
  const auto small = AllOf(HasSubstr("too many elements"), HasSubstr("export"));
  TestModel picture = relu_model();
  picture.graph().clear_input();
  picture.input("x", {1, 1, 100000, 100000});
  EXPECT_THAT(refusal(picture), AllOf(HasSubstr("input 'x'"), small));
  TestModel batch = relu_model();
  batch.graph().clear_input();
  batch.input("x", {2147483647, 2});
  EXPECT_THAT(refusal(batch), AllOf(HasSubstr("input 'x'"), small));
  TestModel pad;
  pad.input("x", {1, 1, 4, 4});
  pad.ints("p", {8}, {0, 0, 40000, 40000, 0, 0, 40000, 40000});
  pad.node("Pad", {"x", "p"}, {"y"});
  pad.output("y");
  EXPECT_THAT(refusal(pad), AllOf(HasSubstr("'n0' (Pad)"), small));
  TestModel sum;  // an outer product of two vectors
  sum.input("x", {10000, 1});
  sum.floats("v", {10000}, TestModel::Floats(10000, 1));
  sum.node("Add", {"x", "v"}, {"y"});
  sum.output("y");
  EXPECT_THAT(refusal(sum), AllOf(HasSubstr("'n0' (Add)"), small));
  TestModel doubling;
  doubling.input("t0", {1, 2});
  for (int i = 0; i < 70; ++i)
    set(doubling.node("Concat", TestModel::Names(2, "t" + std::to_string(i)),
                      {"t" + std::to_string(i + 1)}),
        "axis", std::int64_t{1});
  doubling.output("t70");
  EXPECT_THAT(refusal(doubling), AllOf(HasSubstr("(Concat)"), small));
}

TEST(ImportGraph, TensorsThatAreTooLargeTogetherAreRefusedByNode) {
  TestModel model;
  model.input("x", {1, 1, 4096, 4096});
  for (int i = 0; i < 40; ++i) model.node("Relu", {"x"}, {"y" + std::to_string(i)});
  for (int i = 0; i < 40; ++i) model.output("y" + std::to_string(i));
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n32' (Relu)"), HasSubstr("together")));
}

TEST(ImportGraph, EmptyTensorsAreRefusedByNode) {
  TestModel model;
  model.input("x", {1, 2});
  model.ints("none", {0}, {});
  model.node("Gather", {"x", "none"}, {"y"});
  model.output("y");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0' (Gather)"), HasSubstr("no elements")));
}

TEST(ImportGraph, StrangeNamesSurviveOrAreEscapedInMessages) {
  const std::string name = "../../etc/'pass\"wd\n\x1b[31m";
  TestModel model;
  model.input(name, {1, 2});
  model.node("Relu", {name}, {"y"}).set_name(name);
  model.output("y");
  EXPECT_EQ(model.import().inputs()[0]->name, name);
  set(node(model), "odd", std::int64_t{1});
  EXPECT_THAT(refusal(model), ::testing::Not(::testing::AnyOf(HasSubstr("\n"), HasSubstr("\x1b"))));
  TestModel binary = relu_model();
  node(binary).set_name("\xff\xfe");
  EXPECT_THAT(refusal(binary), HasSubstr("UTF-8"));
}

TEST(ImportGraph, InputsWithoutAStaticShapeAreRefused) {
  TestModel symbolic = relu_model();
  symbolic.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(1)
      ->set_dim_param("w");
  EXPECT_THAT(refusal(symbolic), AllOf(HasSubstr("'x'"), HasSubstr("'w'")));
  TestModel shapeless = relu_model();
  shapeless.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_THAT(refusal(shapeless), HasSubstr("'x'"));
  for (const std::int64_t size :
       {std::int64_t{-2}, std::int64_t{1} << 40, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    TestModel model = relu_model();
    model.graph()
        .mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(1)
        ->set_dim_value(size);
    EXPECT_THAT(refusal(model), HasSubstr("'x'")) << size;
  }
}

TEST(ImportGraph, AnUnknownBatchIsOneImage) {
  TestModel model = relu_model();
  model.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_param("batch");
  EXPECT_EQ(*model.import().inputs()[0]->shape, (Shape{1, 2}));
}

TEST(ImportGraph, ContradictingDeclarationsAreRefused) {
  TestModel shape = relu_model();
  shape.value(*shape.graph().mutable_output(0), "y", {1, 3}, onnx::TensorProto::FLOAT);
  EXPECT_THAT(refusal(shape), AllOf(HasSubstr("'y'"), HasSubstr("[1,2]")));
  TestModel type = relu_model();
  type.value(*type.graph().add_value_info(), "y", {1, 2}, onnx::TensorProto::INT8);
  EXPECT_THAT(refusal(type), AllOf(HasSubstr("'y'"), HasSubstr("INT8")));
}

// ---- Initializers ----

TEST(ImportInitializer, DataMustFitTheShape) {
  const auto with = [](const std::function<void(onnx::TensorProto&)>& change) {
    TestModel model = quant_model();
    change(initializer(model, 0));
    return refusal(model);
  };
  using T = onnx::TensorProto;
  EXPECT_THAT(with([](T& t) { t.add_float_data(1); }), HasSubstr("'scale'")) << "too many";
  EXPECT_THAT(with([](T& t) { t.clear_float_data(); }), HasSubstr("'scale'")) << "none";
  EXPECT_THAT(with([](T& t) { t.set_raw_data("abcd"); }), HasSubstr("more than one place"));
  EXPECT_THAT(with([](T& t) { t.clear_float_data(), t.set_raw_data("abc"); }),
              HasSubstr("3 bytes"));
  EXPECT_THAT(with([](T& t) { t.clear_float_data(), t.set_raw_data("abcde"); }),
              HasSubstr("5 bytes"));
  EXPECT_THAT(with([](T& t) { t.clear_float_data(), t.add_int32_data(1); }),
              HasSubstr("another type"));
  EXPECT_THAT(with([](T& t) { t.add_dims(-1); }), HasSubstr("negative"));
  EXPECT_THAT(with([](T& t) { t.add_dims(std::int64_t{1} << 62), t.add_dims(4); }),
              HasSubstr("'scale'"));
  EXPECT_THAT(with([](T& t) {
                for (int i = 0; i < 5; ++i) t.add_dims(std::int64_t{1} << 20);
              }),
              HasSubstr("too many"));
  EXPECT_THAT(with([](T& t) { t.set_data_type(T::STRING); }), HasSubstr("STRING"));
  EXPECT_THAT(with([](T& t) { t.set_data_type(23); }),
              HasSubstr("element type FLOAT4E2M1, which is"));
  EXPECT_THAT(with([](T& t) { t.set_data_type(999); }), HasSubstr("999"));
  EXPECT_THAT(with([](T& t) { t.mutable_segment()->set_begin(0); }), HasSubstr("segments"));
  EXPECT_THAT(
      with([](T& t) { t.clear_float_data(), t.set_data_type(T::INT8), t.add_int32_data(128); }),
      HasSubstr("128"));
}

/// A folder that goes away with its content.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (fs::temp_directory_path() / "assay-import-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void write(const fs::path& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  fs::path path_;
};

TestModel external_model(const std::string& location, const std::string& offset = "",
                         const std::string& length = "") {
  TestModel model = quant_model();
  auto& tensor = initializer(model, 0);
  tensor.clear_float_data();
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] :
       {std::pair{std::string("location"), location}, {"offset", offset}, {"length", length}}) {
    if (value.empty()) continue;
    auto* entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  return model;
}

TEST(ImportExternalData, IsReadFromTheModelsFolder) {
  const TempFolder folder;
  fs::create_directory(folder.path() / "sub");
  folder.write("sub/w.bin", std::string("xxxx\0\0\0\x3f", 8));
  folder.write("net.onnx", external_model("sub/w.bin", "4", "4").bytes());
  const Graph graph = import_model(folder.path() / "net.onnx");
  EXPECT_EQ(graph.find_tensor("scale")->constant->floats()[0], 0.5F);
}

TEST(ImportExternalData, NothingOutsideTheFolderIsRead) {
  const TempFolder folder;
  fs::create_directory(folder.path() / "model");
  folder.write("secret.bin", std::string(8, '\0'));
  fs::create_symlink(folder.path() / "secret.bin", folder.path() / "model" / "link.bin");
  fs::create_directory_symlink(folder.path(), folder.path() / "model" / "up");
  for (const std::string& location :
       {std::string("../secret.bin"), std::string("a/../../secret.bin"),
        (folder.path() / "secret.bin").string(), std::string("link.bin"),
        std::string("up/secret.bin"), std::string("/dev/zero"), std::string("."),
        std::string("missing.bin"), std::string("x\0y", 3)}) {
    SCOPED_TRACE(location);
    const std::string bytes = external_model(location).bytes();
    EXPECT_THAT(refusal_of([&] { import_bytes(bytes, folder.path() / "model", "model"); }),
                HasSubstr("model: "));
  }
}

TEST(ImportExternalData, RangesOutsideTheFileAreRefused) {
  const TempFolder folder;
  folder.write("w.bin", std::string(8, '\1'));
  for (const auto& [offset, length] : {std::pair{"5", ""},
                                       {"99", ""},
                                       {"18446744073709551615", ""},
                                       {"-1", ""},
                                       {"0", "8"},
                                       {"0", "x"},
                                       {"1e1", ""}}) {
    SCOPED_TRACE(offset);
    const std::string bytes = external_model("w.bin", offset, length).bytes();
    EXPECT_THAT(refusal_of([&] { import_bytes(bytes, folder.path(), "model"); }),
                HasSubstr("'scale'"));
  }
  EXPECT_THAT(refusal(external_model("w.bin")), HasSubstr("external data")) << "no folder is known";
}

// ---- Nodes ----

TEST(ImportNode, UnsupportedOperatorsSayWhatIsSupported) {
  TestModel model = relu_model();
  node(model).set_op_type("Einsum");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0' (Einsum)"), HasSubstr("Einsum"),
                                    HasSubstr("Conv"), HasSubstr("Relu")));
  EXPECT_THAT(refusal(quant_model("qonnx.custom_op.general", "DecoupledQuant")),
              AllOf(HasSubstr("'q'"), HasSubstr("MultiThreshold")));
  EXPECT_THAT(refusal(quant_model("com.example")),
              AllOf(HasSubstr("'q'"), HasSubstr("com.example"), HasSubstr("onnx.brevitas")));
  EXPECT_THAT(refusal(quant_model("qonnx.custom_op.general", "TruncQuant")),
              HasSubstr("dynamo=False"));
  EXPECT_THAT(refusal(quant_model("qonnx.custom_op.channels_last")), HasSubstr("MaxPool"));
}

TEST(ImportNode, UnknownAttributesAreRefused) {
  TestModel model = quant_model();
  set(node(model), "backend", std::string("fpgadataflow"));
  EXPECT_THAT(refusal(model),
              AllOf(HasSubstr("'q' (Quant)"), HasSubstr("'backend'"), HasSubstr("rounding_mode")));
  TestModel modern(14);
  modern.input("x", {1, 2});
  set(modern.node("Clip", {"x"}, {"y"}), "max", 1.0F);
  modern.output("y");
  EXPECT_THAT(refusal(modern), HasSubstr("'max'")) << "an attribute of older versions";
}

TEST(ImportNode, AttributesOfTheWrongTypeAreRefused) {
  TestModel model = quant_model();
  set(node(model), "signed", 1.0F);
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'q'"), HasSubstr("'signed' must be an int")));
  TestModel liar = quant_model();
  attribute(node(liar), "narrow", onnx::AttributeProto::INT).set_f(1);
  EXPECT_THAT(refusal(liar), HasSubstr("'narrow'"));
  TestModel truth = quant_model();
  set(node(truth), "narrow", std::int64_t{2});
  EXPECT_THAT(refusal(truth), HasSubstr("must be 0 or 1"));
  TestModel twice = quant_model();
  set(node(twice), "narrow", std::int64_t{1});
  set(node(twice), "narrow", std::int64_t{1});
  EXPECT_THAT(refusal(twice), HasSubstr("twice"));
  TestModel subgraph = quant_model();
  attribute(node(subgraph), "body", onnx::AttributeProto::GRAPH).mutable_g();
  EXPECT_THAT(refusal(subgraph), HasSubstr("'body'"));
  TestModel mode = quant_model();
  set(node(mode), "rounding_mode", std::string("STOCHASTIC_ROUND"));
  EXPECT_THAT(refusal(mode), AllOf(HasSubstr("'q'"), HasSubstr("STOCHASTIC_ROUND")));
}

TEST(ImportNode, MissingAttributesAndInputsAreRefused) {
  TestModel pool;
  pool.input("x", {1, 1, 4, 4});
  pool.node("MaxPool", {"x"}, {"y"});
  pool.output("y");
  EXPECT_THAT(refusal(pool),
              AllOf(HasSubstr("'n0' (MaxPool)"), HasSubstr("'kernel_shape' is missing")));
  TestModel quant = quant_model();
  node(quant).mutable_input()->RemoveLast();
  EXPECT_THAT(refusal(quant), AllOf(HasSubstr("'q'"), HasSubstr("inputs")));
  TestModel hole = quant_model();
  node(hole).set_input(2, "");
  EXPECT_THAT(refusal(hole), HasSubstr("input 2"));
  TestModel nothing = relu_model();
  node(nothing).set_output(0, "");
  EXPECT_THAT(refusal(nothing), HasSubstr("Relu"));
}

TEST(ImportNode, OutputsThatAreNotSupportedMayNotBeUsed) {
  TestModel model;
  model.input("x", {1, 1, 4, 4});
  set(model.node("MaxPool", {"x"}, {"y", "i"}), "kernel_shape", Ints{2, 2});
  model.output("y");
  EXPECT_NO_THROW(model.import());
  model.output("i");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("MaxPool"), HasSubstr("'i'")));
}

TEST(ImportNode, TrainingIsRefused) {
  TestModel model;
  model.input("x", {1, 2, 3});
  for (const char* name : {"s", "b", "m", "v"}) model.floats(name, {2}, {1, 2});
  set(model.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}), "training_mode",
      std::int64_t{1});
  model.output("y");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0'"), HasSubstr("training_mode")));
}

TEST(ImportNode, EnormousAttributesAreRefused) {
  for (const char* name : {"kernel_shape", "strides", "dilations", "pads"}) {
    SCOPED_TRACE(name);
    TestModel model;
    model.input("x", {1, 1, 4, 4});
    auto& pool = model.node("MaxPool", {"x"}, {"y"});
    if (std::string(name) != "kernel_shape") set(pool, "kernel_shape", Ints{2, 2});
    set(pool, name,
        Ints(std::string(name) == "pads" ? 4 : 2, std::numeric_limits<std::int64_t>::max()));
    model.output("y");
    EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0'"), HasSubstr(name)));
  }
}

TEST(ImportNode, PoolsOfEnormousWindowsAreRefused) {
  for (const char* type : {"MaxPool", "AveragePool"}) {
    TestModel model;
    model.input("x", {1, 1, 100, 100});
    auto& pool = model.node(type, {"x"}, {"y"});
    set(pool, "kernel_shape", Ints{3001, 3001});
    set(pool, "pads", Ints(4, 3000));
    model.output("y");
    EXPECT_THAT(refusal(model),
                AllOf(HasSubstr("'n0'"), HasSubstr("windows"), HasSubstr("smaller kernel")));
  }
}

/// x -> QuantizeLinear -> `node` with the one more input "extra" -> DequantizeLinear -> y, or
/// without the quantisers.
std::string with_extra(const std::string& type, bool quantised, TestModel::Names inputs,
                       int element_type) {
  TestModel model;
  model.input("x", {1, 2, 4, 4});
  model.scalar("s", 0.5F);
  model.tensor("z", {}, onnx::TensorProto::UINT8).add_int32_data(0);
  model.ints("pads", {8}, {0, 0, 1, 1, 0, 0, 1, 1});
  model.floats("w", {2, 2, 1, 1}, {1, 1, 1, 1});
  model.floats("two", {2}, {1, 1});
  const bool scalar = type != "Conv" && type != "BatchNormalization";
  auto& extra = model.tensor("extra", scalar ? Ints{} : Ints{2}, element_type);
  for (int i = 0; i < (scalar ? 1 : 2); ++i)
    if (element_type == onnx::TensorProto::FLOAT)
      extra.add_float_data(1);
    else
      extra.add_int32_data(1);
  if (quantised) model.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
  const bool last = !quantised || type == "DequantizeLinear";
  model.node(type, std::move(inputs), {last ? "y" : "t"}).set_name("subject");
  if (!last) model.node("DequantizeLinear", {"t", "s", "z"}, {"y"});
  model.output("y");
  return refusal(model);
}

TEST(ImportNode, WhatOfAValidCeilIsDisputedIsRefused) {
  const auto pool = [](std::int64_t size) {
    TestModel model;
    model.input("x", {1, 1, size, 5});
    auto& node = model.node("MaxPool", {"x"}, {"y"});
    set(node, "kernel_shape", Ints{2, 3});
    set(node, "strides", Ints{2, 2});
    set(node, "auto_pad", std::string("VALID"));
    set(node, "ceil_mode", std::int64_t{1});
    model.output("y");
    return model;
  };
  EXPECT_THAT(refusal(pool(5)), HasSubstr("partial window at the end of axis 2"));
  EXPECT_EQ(*pool(6).import().find_tensor("y")->shape, (Shape{1, 1, 3, 2}));
}

TEST(ImportNode, FurtherInputsOfAnotherElementTypeAreRefused) {
  constexpr int kFloat = onnx::TensorProto::FLOAT, kInt8 = onnx::TensorProto::INT8,
                kInt32 = onnx::TensorProto::INT32;
  const auto one_type = [](const std::string& what) {
    return AllOf(HasSubstr("'subject'"), HasSubstr(what + " is "), HasSubstr("one element type"));
  };
  const auto real = [](const std::string& what) {
    return AllOf(HasSubstr("'subject'"), HasSubstr(what + " is int"), HasSubstr("Cast"));
  };
  EXPECT_THAT(with_extra("Clip", true, {"q", "extra"}, kFloat), one_type("the lower bound"));
  EXPECT_THAT(with_extra("Clip", true, {"q", "", "extra"}, kInt8), one_type("the upper bound"));
  EXPECT_THAT(with_extra("Clip", false, {"x", "extra"}, kInt32), one_type("the lower bound"));
  EXPECT_THAT(with_extra("Pad", true, {"q", "pads", "extra"}, kFloat),
              one_type("the padding value"));
  EXPECT_THAT(with_extra("Pad", false, {"x", "pads", "extra"}, kInt8),
              one_type("the padding value"));
  EXPECT_THAT(with_extra("DequantizeLinear", true, {"q", "s", "extra"}, kInt8),
              one_type("the zero point"));
  EXPECT_THAT(with_extra("DequantizeLinear", true, {"q", "extra", "z"}, kInt32), real("the scale"));
  EXPECT_THAT(with_extra("QuantizeLinear", false, {"x", "extra"}, kInt32), real("the scale"));
  EXPECT_THAT(with_extra("Conv", false, {"x", "w", "extra"}, kInt32), real("the bias"));
  EXPECT_THAT(with_extra("BatchNormalization", false, {"x", "two", "two", "two", "extra"}, kInt32),
              real("parameter 4"));
  EXPECT_THAT(with_extra("Conv", true, {"q", "w", "extra"}, kFloat),
              AllOf(HasSubstr("'subject'"), HasSubstr("the input is uint8")));
}

TEST(ImportNode, QuantisersToMoreThan16BitsAreRefused) {
  EXPECT_THAT(with_extra("QuantizeLinear", false, {"x", "s", "extra"}, onnx::TensorProto::INT32),
              AllOf(HasSubstr("'subject'"), HasSubstr("int32"), HasSubstr("8 or 16 bits")));
}

TEST(ImportNode, ThresholdsWithoutStepsAreRefused) {
  TestModel model;
  model.opset("qonnx.custom_op.general", 1);
  model.input("x", {1, 2});
  model.floats("t", {2, 0}, {});
  auto& node = model.node("MultiThreshold", {"x", "t"}, {"y"}, "qonnx.custom_op.general");
  set(node, "out_dtype", std::string("UINT2"));
  model.output("y");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0'"), HasSubstr("no steps")));
}

// ---- Quantisers ----

std::string with_scalar(int index, float value) {
  TestModel model = quant_model();
  initializer(model, index).set_float_data(0, value);
  return refusal(model);
}

TEST(ImportQuantiser, ScalesMustBePositiveAndFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float scale :
       {0.0F, -0.0F, -0.5F, std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity})
    EXPECT_THAT(with_scalar(0, scale), AllOf(HasSubstr("node 'q' (Quant)"), HasSubstr("scale")))
        << scale;
}

TEST(ImportQuantiser, ZeroPointsMustBeIntegers) {
  for (const float zero :
       {0.5F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    EXPECT_THAT(with_scalar(1, zero), HasSubstr("node 'q' (Quant)")) << zero;
}

TEST(ImportQuantiser, ZeroPointsMustHaveEveryIntegerAroundThem) {
  for (const float zero : {0x1p25F, -0x1p30F, 1e30F})
    EXPECT_THAT(with_scalar(1, zero), AllOf(HasSubstr("node 'q' (Quant)"), HasSubstr("16777216")))
        << zero;
}

TEST(ImportQuantiser, BitWidthsMustBeIntegersUpTo32) {
  for (const float bits :
       {0.0F, -1.0F, 3.5F, 33.0F, 1e30F, std::numeric_limits<float>::quiet_NaN()})
    EXPECT_THAT(with_scalar(2, bits), HasSubstr("node 'q' (Quant)")) << bits;
}

TEST(ImportQuantiser, ParametersMustBeConstant) {
  TestModel model = quant_model();
  node(model).set_input(1, "x");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'q'"), HasSubstr("the scale must be a constant")));
}

TEST(ImportQuantiser, PerChannelLengthsMustFit) {
  TestModel model = quant_model();
  auto& scale = initializer(model, 0);
  scale.add_dims(3);
  scale.add_float_data(1);
  scale.add_float_data(1);
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'q'"), HasSubstr("broadcast")));
}

TEST(ImportQuantiser, DivisionByZeroAndNegativeVariancesAreRefused) {
  TestModel divide;
  divide.input("x", {1, 2});
  divide.floats("d", {2}, {1, 0});
  divide.node("Div", {"x", "d"}, {"y"});
  divide.output("y");
  EXPECT_THAT(refusal(divide), AllOf(HasSubstr("'n0' (Div)"), HasSubstr("element 1")));
  TestModel norm;
  norm.input("x", {1, 2, 3});
  for (const char* name : {"s", "b", "m"}) norm.floats(name, {2}, {1, 2});
  norm.floats("v", {2}, {1, -1});
  norm.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"});
  norm.output("y");
  EXPECT_THAT(refusal(norm), AllOf(HasSubstr("'n0'"), HasSubstr("variance")));
}

TEST(ImportDropout, ThatDropsIsRefusedWithTheRemedy) {
  const auto dropout = [](std::int64_t opset, const std::function<void(TestModel&)>& build) {
    TestModel model(opset);
    model.input("x", {1, 2});
    build(model);
    model.output("y");
    return refusal(model);
  };
  const auto remedy =
      AllOf(HasSubstr("'n0'"), HasSubstr("model.eval()"), HasSubstr("training=self.training"));
  const auto with = [](float ratio, std::int64_t training) {
    return [=](TestModel& model) {
      model.scalar("ratio", ratio);
      model.tensor("training", {}, onnx::TensorProto::BOOL)
          .add_int32_data(static_cast<std::int32_t>(training));
      model.node("Dropout", {"x", "ratio", "training"}, {"y"});
    };
  };
  EXPECT_THAT(dropout(14, with(0.5F, 1)), AllOf(remedy, HasSubstr("ratio is 0.5")));
  EXPECT_THAT(dropout(12, with(1e-30F, 1)), remedy);
  // The default ratio is a half.
  EXPECT_THAT(dropout(13,
                      [](TestModel& model) {
                        model.tensor("training", {}, onnx::TensorProto::BOOL).add_int32_data(1);
                        model.node("Dropout", {"x", "", "training"}, {"y"});
                      }),
              AllOf(remedy, HasSubstr("ratio is 0.5")));
  EXPECT_THAT(dropout(14,
                      [](TestModel& model) {
                        model.input("ratio", {1});
                        model.tensor("training", {}, onnx::TensorProto::BOOL).add_int32_data(1);
                        model.node("Dropout", {"x", "ratio", "training"}, {"y"});
                      }),
              AllOf(remedy, HasSubstr("not constant")));
  EXPECT_THAT(dropout(6, [](TestModel& model) { model.node("Dropout", {"x"}, {"y"}); }), remedy);
}

TEST(ImportDropout, WhoseMaskIsReadIsRefused) {
  TestModel model(13);
  model.input("x", {1, 2});
  model.scalar("ratio", 0.0F);
  model.node("Dropout", {"x", "ratio"}, {"y", "mask"});
  model.output("y");
  model.output("mask");
  EXPECT_THAT(refusal(model), AllOf(HasSubstr("'n0'"), HasSubstr("output 1")));
}

// ---- Annotations ----

std::string annotated(const std::string& tensor, const std::string& key, const std::string& value) {
  TestModel model = quant_model();
  auto* annotation = model.graph().add_quantization_annotation();
  annotation->set_tensor_name(tensor);
  auto* entry = annotation->add_quant_parameter_tensor_names();
  entry->set_key(key);
  entry->set_value(value);
  return refusal(model);
}

TEST(ImportAnnotation, MalformedOnesAreRefusedByTensor) {
  EXPECT_THAT(annotated("x", "finn_datatype", "INT0"), AllOf(HasSubstr("'x'"), HasSubstr("INT0")));
  EXPECT_THAT(annotated("x", "finn_datatype", "__import__('os')"), HasSubstr("'x'"));
  EXPECT_THAT(annotated("x", "tensor_layout", "['N', 'H'"), HasSubstr("'x'"));
  EXPECT_THAT(annotated("x", "tensor_layout", "['N'] + ['C']"), HasSubstr("'x'"));
  EXPECT_THAT(annotated("x", "tensor_sparsity", "{'dw': open('f')}"), HasSubstr("malformed"));
  EXPECT_THAT(annotated("x", "tensor_sparsity", std::string(100000, '[')), HasSubstr("malformed"));
  EXPECT_THAT(annotated("x", "SCALE_TENSOR", "s"), HasSubstr("'SCALE_TENSOR'"));
}

TEST(ImportAnnotation, TypesMustHoldTheConstantsValues) {
  EXPECT_THAT(annotated("scale", "finn_datatype", "INT4"),
              AllOf(HasSubstr("'scale'"), HasSubstr("INT4")));
  EXPECT_THAT(annotated("bits", "finn_datatype", "UINT2"), HasSubstr("'bits'"));
  EXPECT_THAT(annotated("bits", "finn_datatype", "FIXED<4,2>"), HasSubstr("'bits'"));
  EXPECT_THAT(annotated("zero", "finn_datatype", "BIPOLAR"), HasSubstr("'zero'"));
}

}  // namespace
}  // namespace assay

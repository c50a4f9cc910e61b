// Prints the names of the types that Modelina makes of the channel's description.
import fs from "node:fs";
import { TypeScriptGenerator } from "@asyncapi/modelina";

const generator = new TypeScriptGenerator({ modelType: "interface", rawPropertyNames: true });
const models = await generator.generate(JSON.parse(fs.readFileSync("asyncapi.json", "utf8")));
console.log(JSON.stringify(models.map(({ modelName }) => modelName)));

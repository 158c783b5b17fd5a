import { open } from './app';
import { bridgeIn, BridgeRuntime } from './lib/runtime/bridge';
import { scene } from './lib/runtime/scenes';

// `web.html?scene=alone&locale=zh-CN&theme=dark`: a window on the fake team.
// `web.html#bridge=…&token=…`, as `startalk-cli bridge` prints it: one on the engine.
const bridge = bridgeIn(location.hash);
open(bridge ? new BridgeRuntime(bridge) : scene(new URLSearchParams(location.search)));

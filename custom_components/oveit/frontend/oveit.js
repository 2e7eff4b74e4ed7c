customElements.whenDefined("home-assistant").then(() => {
(function(){var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:ee,getOwnPropertySymbols:te,getPrototypeOf:ne}=Object,f=globalThis,re=f.trustedTypes,ie=re?re.emptyScript:``,ae=f.reactiveElementPolyfillSupport,p=(e,t)=>e,m={toAttribute(e,t){switch(t){case Boolean:e=e?ie:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},oe=(e,t)=>!l(e,t),se={attribute:!0,type:String,converter:m,reflect:!1,useDefault:!1,hasChanged:oe};Symbol.metadata??=Symbol(`metadata`),f.litPropertyMetadata??=new WeakMap;var h=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=se){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??se}static _$Ei(){if(this.hasOwnProperty(p(`elementProperties`)))return;let e=ne(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(p(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(p(`properties`))){let e=this.properties,t=[...ee(e),...te(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?m:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?m:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??oe)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};h.elementStyles=[],h.shadowRootOptions={mode:`open`},h[p(`elementProperties`)]=new Map,h[p(`finalized`)]=new Map,ae?.({ReactiveElement:h}),(f.reactiveElementVersions??=[]).push(`2.1.2`);var g=globalThis,ce=e=>e,_=g.trustedTypes,le=_?_.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,ue=`$lit$`,v=`lit$${Math.random().toFixed(9).slice(2)}$`,de=`?`+v,fe=`<${de}>`,y=document,b=()=>y.createComment(``),x=e=>e===null||typeof e!=`object`&&typeof e!=`function`,pe=Array.isArray,me=e=>pe(e)||typeof e?.[Symbol.iterator]==`function`,he=`[ 	
\f\r]`,S=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ge=/-->/g,_e=/>/g,C=RegExp(`>|${he}(?:([^\\s"'>=/]+)(${he}*=${he}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),ve=/'/g,ye=/"/g,be=/^(?:script|style|textarea|title)$/i,xe=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),w=xe(1),Se=xe(2),T=Symbol.for(`lit-noChange`),E=Symbol.for(`lit-nothing`),Ce=new WeakMap,D=y.createTreeWalker(y,129);function we(e,t){if(!pe(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return le===void 0?t:le.createHTML(t)}var Te=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=S;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===S?c[1]===`!--`?o=ge:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=C):(be.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=C):o=_e:o===C?c[0]===`>`?(o=i??S,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?C:c[3]===`"`?ye:ve):o===ye||o===ve?o=C:o===ge||o===_e?o=S:(o=C,i=void 0);let d=o===C&&e[t+1].startsWith(`/>`)?` `:``;a+=o===S?n+fe:l>=0?(r.push(s),n.slice(0,l)+ue+n.slice(l)+v+d):n+v+(l===-2?t:d)}return[we(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},O=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=Te(t,n);if(this.el=e.createElement(l,r),D.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=D.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(ue)){let t=u[o++],n=i.getAttribute(e).split(v),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?De:r[1]===`?`?Oe:r[1]===`@`?ke:j}),i.removeAttribute(e)}else e.startsWith(v)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(be.test(i.tagName)){let e=i.textContent.split(v),t=e.length-1;if(t>0){i.textContent=_?_.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],b()),D.nextNode(),c.push({type:2,index:++a});i.append(e[t],b())}}}else if(i.nodeType===8){if(i.data===de)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(v,e+1))!==-1;)c.push({type:7,index:a}),e+=v.length-1}}a++}}static createElement(e,t){let n=y.createElement(`template`);return n.innerHTML=e,n}};function k(e,t,n=e,r){if(t===T)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=x(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=k(e,i._$AS(e,t.values),i,r)),t}var Ee=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??y).importNode(t,!0);D.currentNode=r;let i=D.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new A(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Ae(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=D.nextNode(),a++)}return D.currentNode=y,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},A=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=E,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=k(this,e,t),x(e)?e===E||e==null||e===``?(this._$AH!==E&&this._$AR(),this._$AH=E):e!==this._$AH&&e!==T&&this._(e):e._$litType$===void 0?e.nodeType===void 0?me(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==E&&x(this._$AH)?this._$AA.nextSibling.data=e:this.T(y.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=O.createElement(we(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new Ee(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=Ce.get(e.strings);return t===void 0&&Ce.set(e.strings,t=new O(e)),t}k(t){pe(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(b()),this.O(b()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=ce(e).nextSibling;ce(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},j=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=E,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=E}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=k(this,e,t,0),a=!x(e)||e!==this._$AH&&e!==T,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=k(this,r[n+o],t,o),s===T&&(s=this._$AH[o]),a||=!x(s)||s!==this._$AH[o],s===E?e=E:e!==E&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===E?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},De=class extends j{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===E?void 0:e}},Oe=class extends j{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==E)}},ke=class extends j{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=k(this,e,t,0)??E)===T)return;let n=this._$AH,r=e===E&&n!==E||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==E&&(n===E||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Ae=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){k(this,e)}},je=g.litHtmlPolyfillSupport;je?.(O,A),(g.litHtmlVersions??=[]).push(`3.3.3`);var Me=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new A(t.insertBefore(b(),e),e,void 0,n??{})}return i._$AI(e),i},M=globalThis,N=class extends h{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Me(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return T}};N._$litElement$=!0,N.finalized=!0,M.litElementHydrateSupport?.({LitElement:N});var Ne=M.litElementPolyfillSupport;Ne?.({LitElement:N}),(M.litElementVersions??=[]).push(`4.2.2`);function Pe(e){return e.map(({s:e,lu:t,lc:n})=>{let r=e.trim()===``?NaN:Number(e);return{at:(n??t??0)*1e3,value:Number.isFinite(r)?r:null}})}var Fe=6e5;function Ie(e,t,n){let r=e?.find(({value:e})=>e!==null)?.at??t;return Math.max(t-n*36e5,Math.min(r,t-Fe))}function Le(e,t,n,r){let i=(n-t)/r,a=Array(r).fill(0),o=Array(r).fill(0);return e.forEach(({at:s,value:c},l)=>{if(c===null)return;let u=Math.max(s,t),d=Math.min(e[l+1]?.at??n,n);for(let e=Math.floor((u-t)/i);e<r;e++){let n=t+e*i;if(n>=d)break;let r=Math.min(d,n+i)-Math.max(u,n);r<=0||(a[e]+=c*r,o[e]+=r)}}),a.map((e,t)=>o[t]>0?e/o[t]:null)}function Re(e,t){let n;for(let[r,{at:i,value:a}]of e.entries()){let o=(e[r+1]?.at??1/0)>t;a!==null&&o&&a>(n?.value??0)&&(n={at:Math.max(i,t),value:a})}return n}function ze(e,t,n,r){let i=t/Math.max(e.length-1,1),a=[],o=!1;return e.forEach((e,t)=>{e===null?o=!1:(o||a.push([]),o=!0,a.at(-1).push({x:t*i,y:n-e/r*n}))}),a}var P=e=>String(Math.round(e*100)/100);function Be(e){let[t,...n]=e;if(!t)return``;let r=`M${P(t.x)},${P(t.y)}`,i=t;if(n.length===0)return`${r}h1`;for(let e of n){let t=(i.x+e.x)/2;r+=`C${P(t)},${P(i.y)} ${P(t)},${P(e.y)} ${P(e.x)},${P(e.y)}`,i=e}return r}function Ve(e){let t=Math.max(0,...e.map(e=>e??0));if(t<=1)return 1;let n=10**Math.floor(Math.log10(t));return[1,2,3,4,5,6,8,10].map(e=>e*n).find(e=>e>=t)}var He=new Set([`unavailable`,`unknown`,``]);function F(e){return e!==void 0&&!He.has(e.state)}function I(e,t){let n=t?e.states[t]:void 0,r=F(n)?Number(n.state):NaN;return Number.isFinite(r)?r:void 0}function Ue(e,t){let n=t?e.states[t]:void 0,r=F(n)?Date.parse(n.state):NaN;return Number.isFinite(r)?r:void 0}function L(e){return typeof e==`string`&&e.trim()?e:void 0}function R(e){return e.name_by_user??e.name??`Oveit`}function We(e,t,n){e.dispatchEvent(new CustomEvent(t,{detail:n,bubbles:!0,composed:!0}))}var Ge={reasons:{checked_in:[`Willkommen`,``],repeat:[`Willkommen`,`Kurz darauf noch einmal gelesen`],override:[`Willkommen`,`Vom Personal eingelassen`],left:[`Auf Wiedersehen`,``],already_checked_in:[`Schon benutzt`,`Dieses Ticket wurde bereits eingecheckt`],unknown_ticket:[`Ticket unbekannt`,`Nicht in der Ticketliste. Bitte das Personal fragen`],unknown_tag:[`Chip unbekannt`,`Zu diesem Chip gehört kein Ticket. Bitte das Personal fragen`],wrong_event:[`Andere Veranstaltung`,`Dieses Ticket gehört zu einer anderen Veranstaltung`],wrong_ticket_type:[`Anderer Eingang`,`Dieses Ticket gilt an diesem Eingang nicht`],addon_unavailable:[`Nicht enthalten`,`Dieses Ticket enthält das hier Angebotene nicht`],addon_used_up:[`Aufgebraucht`,`Davon ist auf dem Ticket nichts mehr übrig`],ambiguous:[`Mehrere Tickets`,`Dieser Chip trägt mehr als ein Ticket. Bitte das Personal fragen`],gate_closed:[`Geschlossen`,`Hier wird zurzeit niemand eingelassen`],stale_read:[`Bitte noch einmal`,`Diese Lesung war zu alt`],unreadable:[`Nicht lesbar`,`Bitte noch einmal versuchen`],too_many_unknown:[`Bitte noch einmal`,`Es wurden zu viele unbekannte Chips gelesen`],undone:[`Einlass zurückgenommen`,`Das Ticket gilt wieder`],no_ticket_list:[`Keine Ticketliste`,`Oveit ist nicht erreichbar, und es liegt keine Liste vor. Bitte das Personal fragen`],offline_refused:[`Keine Verbindung`,`Dieser Eingang lässt ohne Oveit niemanden ein. Bitte das Personal fragen`],refused:[`Kein Einlass`,`Oveit hat dieses Ticket abgelehnt`]},hints:{main_entry_first:`Noch nicht eingetreten`,never_entered:`War nie drinnen`,phone:`Vielleicht ein Telefon. Bitte das Armband vorhalten`},tone:{admitted:`Eingelassen`,unsure:`Eingelassen, hier entschieden`,refused:`Kein Einlass`,unchecked:`Gerade nicht prüfbar`},unchecked:`Oveit ist nicht erreichbar. Bitte das Personal fragen`,decidedHere:`Hier entschieden. Oveit wurde noch nicht gefragt`,rehearsal:[`Probe`,`Bei Oveit wird nichts entwertet`],scanned:`Nichts wurde entwertet`,would:`Würde eingelassen`,passback:`Gerade eben an einem anderen Eingang benutzt`,firstAt:`Zuerst benutzt um {time}`,firstAtGate:`Zuerst benutzt um {time}, {gate}`,left:`{addon}: noch {count}`,dismiss:`Schließen`,ready:`Bitte Ticket vorzeigen`,readyExit:`Bitte beim Hinausgehen das Ticket lesen lassen`,entries:`Eintritte bisher`,exits:`Austritte bisher`,checkedIn:`eingecheckt`,perHour:`{count} in der letzten Stunde`,last:`Zuletzt`,nobody:`Noch niemand gekommen`,nobodyLeft:`Noch niemand gegangen`,connected:`Mit Oveit verbunden`,offline:`Oveit ist nicht erreichbar`,unknownLine:`Verbindung unbekannt`,waitingNone:`Nichts wartet auf Oveit`,waitingOne:`1 Check-in wartet auf Oveit`,waiting:`{count} Check-ins warten auf Oveit`,mode:`Modus des Eingangs`,modes:{open_for_tickets:`Offen`,scan_only:`Nur scannen`,closed:`Zu`,free_flow:`Frei`},closedNow:`Dieser Eingang ist geschlossen`,scanNow:`Tickets werden nur gescannt, nichts wird entwertet`,rehearsalNow:`Probe. Bei Oveit wird nichts entwertet`,freeNow:`Alle dürfen durch. Tickets werden weiter entwertet`,freeSure:`Noch einmal tippen, um alle einzulassen`,modeFailed:`Der Modus konnte nicht geändert werden`,soundOn:`Ton einschalten`,ofTickets:`von {count} Tickets`,remaining:`fehlen noch`,inside:`gerade drinnen`,arrivalsNow:`Ankünfte pro Minute`,arrivals:`Ankünfte`,arrivalsText:`Ankünfte pro Minute von {from} bis {to}, höchstens {count} um {time}`,peak:`Höchstens {count} pro Minute um {time}`,noCurve:`Die Kurve erscheint, sobald Gäste kommen`,noHistory:`Der Verlauf von Home Assistant lässt sich nicht lesen`,types:`Ticketarten`,preparing:{running:`Chips werden gelernt: {known} von {count} bekannt`,paused:`Chips lernen pausiert: {known} von {count} bekannt`,stopped:`Chips lernen angehalten: {known} von {count} bekannt`,finished:`Chips gelernt: {known} von {count} bekannt`},lastEntry:`Letzter Eintritt`,listFetched:`Ticketliste geholt`,never:`noch nicht`,notFound:`Wähle eine Entität von Oveit für diese Karte`,unavailable:`Zurzeit nicht verfügbar`,cards:{gate:[`Oveit-Eingang`,`Für ein Tablet neben der Tür: zeigt in Grün, Gelb oder Rot, was entschieden wurde`],event:[`Oveit-Veranstaltung`,`Wie viele da sind, wie schnell sie kommen und mit welchen Tickets`],dashboard:[`Oveit`,`Jede Veranstaltung und jeder Eingang, sofort nutzbar`]},overview:`Übersicht`,gates:`Eingänge`,recent:`Letzte Check-ins`,diagnostics:`Verbindung`,welcome:`Es gibt noch keine Veranstaltung. [Füge Oveit]({link}) zu Home Assistant hinzu, dann füllt sich diese Seite.`,fields:{entity:`Entität`,name:`Name`,seconds:`Sekunden, die eine Entscheidung zu sehen ist`,mode_switch:`Modusschalter zeigen`,sound:`Ton abspielen`,hours_to_show:`Stunden, die die Kurve zeigt`,show_types:`Ticketarten zeigen`,show_curve:`Kurve zeigen`},help:{mode_switch:`Ausschalten, wo Gäste das Tablet berühren können`,sound:`Browser verlangen erst eine Berührung: Die Karte zeigt dafür einen Knopf`}},Ke={reasons:{checked_in:[`Welcome`,``],repeat:[`Welcome`,`Read again a moment later`],override:[`Welcome`,`Admitted by staff`],left:[`Goodbye`,``],already_checked_in:[`Already used`,`This ticket has been checked in before`],unknown_ticket:[`Unknown ticket`,`Not in the ticket list. Please ask the staff`],unknown_tag:[`Unknown tag`,`No ticket belongs to this tag. Please ask the staff`],wrong_event:[`Other event`,`This ticket belongs to another event`],wrong_ticket_type:[`Other entrance`,`This ticket is not valid at this gate`],addon_unavailable:[`Not included`,`This ticket does not include what is offered here`],addon_used_up:[`Used up`,`Nothing is left of this on the ticket`],ambiguous:[`Several tickets`,`This tag carries more than one ticket. Please ask the staff`],gate_closed:[`Gate closed`,`Nobody is admitted here now`],stale_read:[`Please try again`,`This read was too old`],unreadable:[`Not readable`,`Please try again`],too_many_unknown:[`Please try again`,`Too many unknown tags were read`],undone:[`Admission taken back`,`The ticket can be used again`],no_ticket_list:[`No ticket list`,`Oveit cannot be reached, and no list is here. Please ask the staff`],offline_refused:[`No connection`,`This gate admits nobody without Oveit. Please ask the staff`],refused:[`Not admitted`,`Oveit refused this ticket`]},hints:{main_entry_first:`Has not entered yet`,never_entered:`Never came in`,phone:`Perhaps a phone. Please hold the wristband to it`},tone:{admitted:`Admitted`,unsure:`Admitted, decided here`,refused:`Not admitted`,unchecked:`Cannot be checked now`},unchecked:`Oveit cannot be asked. Please ask the staff`,decidedHere:`Decided here. Oveit has not been asked yet`,rehearsal:[`Rehearsal`,`Nothing is marked at Oveit`],scanned:`Nothing was marked`,would:`Would be admitted`,passback:`Used at another gate a moment ago`,firstAt:`First used at {time}`,firstAtGate:`First used at {time}, {gate}`,left:`{addon}: {count} left`,dismiss:`Close`,ready:`Please show your ticket`,readyExit:`Please have your ticket read on the way out`,entries:`entries so far`,exits:`exits so far`,checkedIn:`checked in`,perHour:`{count} in the last hour`,last:`Last`,nobody:`Nobody has come yet`,nobodyLeft:`Nobody has left yet`,connected:`Connected to Oveit`,offline:`Oveit cannot be reached`,unknownLine:`Connection unknown`,waitingNone:`Nothing waits for Oveit`,waitingOne:`1 check-in waits for Oveit`,waiting:`{count} check-ins wait for Oveit`,mode:`Mode of the gate`,modes:{open_for_tickets:`Open`,scan_only:`Scan only`,closed:`Closed`,free_flow:`Free`},closedNow:`This gate is closed`,scanNow:`Tickets are only scanned, nothing is marked`,rehearsalNow:`Rehearsal. Nothing is marked at Oveit`,freeNow:`Everybody may pass. Tickets are still checked in`,freeSure:`Touch again to let everybody in`,modeFailed:`The mode could not be changed`,soundOn:`Turn the sound on`,ofTickets:`of {count} tickets`,remaining:`still to come`,inside:`inside now`,arrivalsNow:`arrivals a minute`,arrivals:`Arrivals`,arrivalsText:`Arrivals a minute from {from} to {to}, at most {count} at {time}`,peak:`Peak {count} a minute at {time}`,noCurve:`The curve appears when guests arrive`,noHistory:`The history of Home Assistant cannot be read`,types:`Ticket types`,preparing:{running:`Learning tags: {known} of {count} known`,paused:`Learning tags is paused: {known} of {count} known`,stopped:`Learning tags was stopped: {known} of {count} known`,finished:`Tags learned: {known} of {count} known`},lastEntry:`Last entry`,listFetched:`Ticket list fetched`,never:`not yet`,notFound:`Choose an entity of Oveit for this card`,unavailable:`Not available at the moment`,cards:{gate:[`Oveit gate`,`For a tablet beside a door: shows in green, amber or red what was decided`],event:[`Oveit event`,`How many are in, how fast they arrive, and with which tickets`],dashboard:[`Oveit`,`Every event and every gate, ready to use`]},overview:`Overview`,gates:`Gates`,recent:`Latest check-ins`,diagnostics:`Connection`,welcome:`There is no event yet. [Add Oveit]({link}) to Home Assistant, and this page fills itself.`,fields:{entity:`Entity`,name:`Name`,seconds:`Seconds a decision is shown`,mode_switch:`Show the mode switch`,sound:`Play a sound`,hours_to_show:`Hours the curve shows`,show_types:`Show the ticket types`,show_curve:`Show the curve`},help:{mode_switch:`Turn it off where guests can touch the tablet`,sound:`Browsers ask for one touch first: the card shows a button`}},qe={en:Ke,de:Ge,es:{reasons:{checked_in:[`Bienvenido`,``],repeat:[`Bienvenido`,`Leído otra vez poco después`],override:[`Bienvenido`,`Admitido por el personal`],left:[`Hasta pronto`,``],already_checked_in:[`Ya usada`,`Esta entrada ya se ha registrado antes`],unknown_ticket:[`Entrada desconocida`,`No está en la lista. Consulte al personal`],unknown_tag:[`Pulsera desconocida`,`Ninguna entrada corresponde a esta pulsera. Consulte al personal`],wrong_event:[`Otro evento`,`Esta entrada es de otro evento`],wrong_ticket_type:[`Otro acceso`,`Esta entrada no es válida en este acceso`],addon_unavailable:[`No incluido`,`Esta entrada no incluye lo que se ofrece aquí`],addon_used_up:[`Agotado`,`Ya no queda nada de esto en la entrada`],ambiguous:[`Varias entradas`,`Esta pulsera lleva más de una entrada. Consulte al personal`],gate_closed:[`Acceso cerrado`,`Ahora no se admite a nadie aquí`],stale_read:[`Inténtelo de nuevo`,`Esta lectura era demasiado antigua`],unreadable:[`No se puede leer`,`Inténtelo de nuevo`],too_many_unknown:[`Inténtelo de nuevo`,`Se han leído demasiadas pulseras desconocidas`],undone:[`Admisión anulada`,`La entrada vuelve a valer`],no_ticket_list:[`Sin lista`,`No se puede contactar con Oveit y no hay lista. Consulte al personal`],offline_refused:[`Sin conexión`,`Este acceso no admite a nadie sin Oveit. Consulte al personal`],refused:[`No admitido`,`Oveit ha rechazado esta entrada`]},hints:{main_entry_first:`Aún no ha entrado`,never_entered:`Nunca entró`,phone:`Quizá un teléfono. Acerque la pulsera`},tone:{admitted:`Admitido`,unsure:`Admitido, decidido aquí`,refused:`No admitido`,unchecked:`Ahora no se puede comprobar`},unchecked:`No se puede consultar a Oveit. Consulte al personal`,decidedHere:`Decidido aquí. Aún no se ha preguntado a Oveit`,rehearsal:[`Ensayo`,`No se marca nada en Oveit`],scanned:`No se ha marcado nada`,would:`Sería admitida`,passback:`Usada hace un momento en otro acceso`,firstAt:`Usada por primera vez a las {time}`,firstAtGate:`Usada por primera vez a las {time}, {gate}`,left:`{addon}: quedan {count}`,dismiss:`Cerrar`,ready:`Muestre su entrada`,readyExit:`Pase su entrada por el lector al salir`,entries:`han entrado`,exits:`han salido`,checkedIn:`registradas`,perHour:`{count} en la última hora`,last:`Última`,nobody:`Aún no ha llegado nadie`,nobodyLeft:`Aún no ha salido nadie`,connected:`Conectado con Oveit`,offline:`No se puede contactar con Oveit`,unknownLine:`Conexión desconocida`,waitingNone:`Nada pendiente para Oveit`,waitingOne:`1 registro pendiente para Oveit`,waiting:`{count} registros pendientes para Oveit`,mode:`Modo del acceso`,modes:{open_for_tickets:`Abierto`,scan_only:`Solo escanear`,closed:`Cerrado`,free_flow:`Libre`},closedNow:`Este acceso está cerrado`,scanNow:`Las entradas solo se escanean, no se marca nada`,rehearsalNow:`Ensayo. No se marca nada en Oveit`,freeNow:`Todos pueden pasar. Las entradas se siguen registrando`,freeSure:`Toque otra vez para dejar pasar a todos`,modeFailed:`No se ha podido cambiar el modo`,soundOn:`Activar el sonido`,ofTickets:`de {count} entradas`,remaining:`por llegar`,inside:`dentro ahora`,arrivalsNow:`llegadas por minuto`,arrivals:`Llegadas`,arrivalsText:`Llegadas por minuto de {from} a {to}, como máximo {count} a las {time}`,peak:`Máximo: {count} por minuto a las {time}`,noCurve:`La curva aparece cuando llegan invitados`,noHistory:`No se puede leer el historial de Home Assistant`,types:`Tipos de entrada`,preparing:{running:`Aprendiendo pulseras: {known} de {count} conocidas`,paused:`Aprendizaje de pulseras en pausa: {known} de {count} conocidas`,stopped:`Aprendizaje de pulseras detenido: {known} de {count} conocidas`,finished:`Pulseras aprendidas: {known} de {count} conocidas`},lastEntry:`Última entrada`,listFetched:`Lista obtenida`,never:`todavía no`,notFound:`Elige una entidad de Oveit para esta tarjeta`,unavailable:`No disponible en este momento`,cards:{gate:[`Acceso de Oveit`,`Para una tableta junto a la puerta: muestra en verde, ámbar o rojo lo decidido`],event:[`Evento de Oveit`,`Cuántos hay dentro, a qué ritmo llegan y con qué entradas`],dashboard:[`Oveit`,`Todos los eventos y accesos, listos para usar`]},overview:`Resumen`,gates:`Accesos`,recent:`Últimos registros`,diagnostics:`Conexión`,welcome:`Todavía no hay ningún evento. [Añade Oveit]({link}) a Home Assistant y esta página se llenará sola.`,fields:{entity:`Entidad`,name:`Nombre`,seconds:`Segundos que se muestra una decisión`,mode_switch:`Mostrar el selector de modo`,sound:`Reproducir un sonido`,hours_to_show:`Horas que muestra la curva`,show_types:`Mostrar los tipos de entrada`,show_curve:`Mostrar la curva`},help:{mode_switch:`Desactívalo donde los invitados puedan tocar la tableta`,sound:`Los navegadores piden antes un toque: la tarjeta muestra un botón`}},fr:{reasons:{checked_in:[`Bienvenue`,``],repeat:[`Bienvenue`,`Lu une nouvelle fois peu après`],override:[`Bienvenue`,`Admis par le personnel`],left:[`Au revoir`,``],already_checked_in:[`Déjà utilisé`,`Ce billet a déjà été enregistré`],unknown_ticket:[`Billet inconnu`,`Absent de la liste. Adressez-vous au personnel`],unknown_tag:[`Badge inconnu`,`Aucun billet ne correspond à ce badge. Adressez-vous au personnel`],wrong_event:[`Autre événement`,`Ce billet est pour un autre événement`],wrong_ticket_type:[`Autre accès`,`Ce billet n’est pas valable à cet accès`],addon_unavailable:[`Non compris`,`Ce billet ne comprend pas ce qui est proposé ici`],addon_used_up:[`Épuisé`,`Il n’en reste plus sur ce billet`],ambiguous:[`Plusieurs billets`,`Ce badge porte plus d’un billet. Adressez-vous au personnel`],gate_closed:[`Accès fermé`,`Personne n’est admis ici pour l’instant`],stale_read:[`Réessayez`,`Cette lecture était trop ancienne`],unreadable:[`Illisible`,`Veuillez réessayer`],too_many_unknown:[`Réessayez`,`Trop de badges inconnus ont été lus`],undone:[`Admission annulée`,`Le billet peut resservir`],no_ticket_list:[`Pas de liste`,`Oveit est injoignable et aucune liste n’est disponible. Adressez-vous au personnel`],offline_refused:[`Pas de connexion`,`Cet accès n’admet personne sans Oveit. Adressez-vous au personnel`],refused:[`Refusé`,`Oveit a refusé ce billet`]},hints:{main_entry_first:`Pas encore entré`,never_entered:`Jamais entré`,phone:`Peut-être un téléphone. Présentez le bracelet`},tone:{admitted:`Admis`,unsure:`Admis, décidé ici`,refused:`Refusé`,unchecked:`Vérification impossible`},unchecked:`Oveit est injoignable. Adressez-vous au personnel`,decidedHere:`Décidé ici. Oveit n’a pas encore été consulté`,rehearsal:[`Répétition`,`Rien n’est validé chez Oveit`],scanned:`Rien n’a été validé`,would:`Serait admis`,passback:`Utilisé à l’instant à un autre accès`,firstAt:`Utilisé d’abord à {time}`,firstAtGate:`Utilisé d’abord à {time}, {gate}`,left:`{addon} : il en reste {count}`,dismiss:`Fermer`,ready:`Présentez votre billet`,readyExit:`Faites lire votre billet en sortant`,entries:`entrées jusqu’ici`,exits:`sorties jusqu’ici`,checkedIn:`enregistrés`,perHour:`{count} dans la dernière heure`,last:`Dernier`,nobody:`Personne n’est encore venu`,nobodyLeft:`Personne n’est encore sorti`,connected:`Connecté à Oveit`,offline:`Oveit est injoignable`,unknownLine:`Connexion inconnue`,waitingNone:`Rien n’attend Oveit`,waitingOne:`1 passage attend Oveit`,waiting:`{count} passages attendent Oveit`,mode:`Mode de l’accès`,modes:{open_for_tickets:`Ouvert`,scan_only:`Scan seulement`,closed:`Fermé`,free_flow:`Libre`},closedNow:`Cet accès est fermé`,scanNow:`Les billets sont seulement scannés, rien n’est validé`,rehearsalNow:`Répétition. Rien n’est validé chez Oveit`,freeNow:`Tout le monde peut passer. Les billets sont toujours validés`,freeSure:`Touchez encore une fois pour laisser passer tout le monde`,modeFailed:`Le mode n’a pas pu être changé`,soundOn:`Activer le son`,ofTickets:`sur {count} billets`,remaining:`attendus`,inside:`à l’intérieur`,arrivalsNow:`arrivées par minute`,arrivals:`Arrivées`,arrivalsText:`Arrivées par minute de {from} à {to}, au plus {count} à {time}`,peak:`Maximum {count} par minute à {time}`,noCurve:`La courbe apparaît à l’arrivée des invités`,noHistory:`L’historique de Home Assistant est illisible`,types:`Types de billets`,preparing:{running:`Apprentissage des badges : {known} connus sur {count}`,paused:`Apprentissage des badges en pause : {known} connus sur {count}`,stopped:`Apprentissage des badges arrêté : {known} connus sur {count}`,finished:`Badges appris : {known} connus sur {count}`},lastEntry:`Dernière entrée`,listFetched:`Liste récupérée`,never:`pas encore`,notFound:`Choisissez une entité d’Oveit pour cette carte`,unavailable:`Indisponible pour le moment`,cards:{gate:[`Accès Oveit`,`Pour une tablette près de la porte : montre la décision en vert, orange ou rouge`],event:[`Événement Oveit`,`Combien sont là, à quel rythme ils arrivent et avec quels billets`],dashboard:[`Oveit`,`Tous les événements et tous les accès, prêts à l’emploi`]},overview:`Aperçu`,gates:`Accès`,recent:`Derniers passages`,diagnostics:`Connexion`,welcome:`Il n’y a pas encore d’événement. [Ajoutez Oveit]({link}) à Home Assistant et cette page se remplira.`,fields:{entity:`Entité`,name:`Nom`,seconds:`Secondes d’affichage d’une décision`,mode_switch:`Afficher le choix du mode`,sound:`Jouer un son`,hours_to_show:`Heures affichées par la courbe`,show_types:`Afficher les types de billets`,show_curve:`Afficher la courbe`},help:{mode_switch:`À désactiver là où les invités peuvent toucher la tablette`,sound:`Les navigateurs demandent d’abord un toucher : la carte montre un bouton`}},ja:{reasons:{checked_in:[`ようこそ`,``],repeat:[`ようこそ`,`続けて読み取られました`],override:[`ようこそ`,`スタッフが入場を許可しました`],left:[`またどうぞ`,``],already_checked_in:[`使用済み`,`このチケットはすでにチェックインされています`],unknown_ticket:[`不明なチケット`,`チケット一覧にありません。スタッフにお声がけください`],unknown_tag:[`不明なタグ`,`このタグにはチケットがありません。スタッフにお声がけください`],wrong_event:[`別のイベント`,`このチケットは別のイベントのものです`],wrong_ticket_type:[`別のゲートへ`,`このチケットはこのゲートでは使えません`],addon_unavailable:[`対象外です`,`このチケットには含まれていません`],addon_used_up:[`残りなし`,`このチケットの利用分はもうありません`],ambiguous:[`複数のチケット`,`このタグには複数のチケットがあります。スタッフにお声がけください`],gate_closed:[`閉鎖中`,`ただいまここからは入場できません`],stale_read:[`もう一度どうぞ`,`読み取りが古すぎました`],unreadable:[`読み取れません`,`もう一度どうぞ`],too_many_unknown:[`もう一度どうぞ`,`不明なタグが多く読み取られました`],undone:[`入場を取り消し`,`このチケットはもう一度使えます`],no_ticket_list:[`一覧がありません`,`Oveitに接続できず、チケット一覧もありません。スタッフにお声がけください`],offline_refused:[`接続なし`,`このゲートはOveitなしでは入場できません。スタッフにお声がけください`],refused:[`入場できません`,`Oveitがこのチケットを拒否しました`]},hints:{main_entry_first:`まだ入場していません`,never_entered:`入場記録がありません`,phone:`スマートフォンかもしれません。リストバンドをかざしてください`},tone:{admitted:`入場可`,unsure:`入場可(ここで判定)`,refused:`入場不可`,unchecked:`今は確認できません`},unchecked:`Oveitに問い合わせできません。スタッフにお声がけください`,decidedHere:`ここで判定しました。Oveitにはまだ確認していません`,rehearsal:[`リハーサル`,`Oveitには何も記録されません`],scanned:`何も記録されていません`,would:`入場可の判定`,passback:`少し前に別のゲートで使用されました`,firstAt:`最初の使用 {time}`,firstAtGate:`最初の使用 {time}({gate})`,left:`{addon}:残り{count}`,dismiss:`閉じる`,ready:`チケットをご提示ください`,readyExit:`退場時にチケットをかざしてください`,entries:`これまでの入場`,exits:`これまでの退場`,checkedIn:`チェックイン済み`,perHour:`直近1時間に{count}`,last:`直近`,nobody:`まだ誰も来ていません`,nobodyLeft:`まだ誰も退場していません`,connected:`Oveitに接続中`,offline:`Oveitに接続できません`,unknownLine:`接続状態は不明です`,waitingNone:`Oveitへの送信待ちはありません`,waitingOne:`Oveitへの送信待ち1件`,waiting:`Oveitへの送信待ち{count}件`,mode:`ゲートのモード`,modes:{open_for_tickets:`開放`,scan_only:`スキャンのみ`,closed:`閉鎖`,free_flow:`自由通行`},closedNow:`このゲートは閉鎖中です`,scanNow:`チケットをスキャンするだけで、何も記録しません`,rehearsalNow:`リハーサル中。Oveitには何も記録されません`,freeNow:`どなたでも通れます。チケットは引き続き記録されます`,freeSure:`全員を入場させるにはもう一度タップしてください`,modeFailed:`モードを変更できませんでした`,soundOn:`音を出す`,ofTickets:`/ {count}枚`,remaining:`未入場`,inside:`現在の場内`,arrivalsNow:`毎分の入場`,arrivals:`入場の推移`,arrivalsText:`{from}から{to}までの毎分の入場、最大は{time}の{count}`,peak:`最大 毎分{count}({time})`,noCurve:`来場が始まると曲線が表示されます`,noHistory:`Home Assistantの履歴を読み取れません`,types:`チケットの種類`,preparing:{running:`タグを学習中：{count}枚中{known}枚が判明`,paused:`タグの学習は一時停止中：{count}枚中{known}枚が判明`,stopped:`タグの学習は停止しました：{count}枚中{known}枚が判明`,finished:`タグの学習が完了：{count}枚中{known}枚が判明`},lastEntry:`直近の入場`,listFetched:`チケット一覧の取得`,never:`まだです`,notFound:`このカードにOveitのエンティティを選んでください`,unavailable:`現在利用できません`,cards:{gate:[`Oveitゲート`,`ドア横のタブレット用。判定結果を緑・黄・赤で表示します`],event:[`Oveitイベント`,`入場者数、入場のペース、チケットの種類`],dashboard:[`Oveit`,`すべてのイベントとゲートをすぐに使えます`]},overview:`概要`,gates:`ゲート`,recent:`最近のチェックイン`,diagnostics:`接続`,welcome:`イベントがまだありません。Home Assistantに[Oveitを追加]({link})すると、このページが自動的に作られます。`,fields:{entity:`エンティティ`,name:`名前`,seconds:`判定を表示する秒数`,mode_switch:`モード切り替えを表示`,sound:`音を鳴らす`,hours_to_show:`曲線に表示する時間`,show_types:`チケットの種類を表示`,show_curve:`曲線を表示`},help:{mode_switch:`来場者がタブレットに触れられる場所ではオフにしてください`,sound:`ブラウザは最初に一度の操作を求めます。カードにボタンが表示されます`}},nl:{reasons:{checked_in:[`Welkom`,``],repeat:[`Welkom`,`Kort daarna nog eens gelezen`],override:[`Welkom`,`Toegelaten door het personeel`],left:[`Tot ziens`,``],already_checked_in:[`Al gebruikt`,`Dit ticket is al eerder ingecheckt`],unknown_ticket:[`Onbekend ticket`,`Niet in de lijst. Vraag het personeel`],unknown_tag:[`Onbekende tag`,`Bij deze tag hoort geen ticket. Vraag het personeel`],wrong_event:[`Ander evenement`,`Dit ticket is voor een ander evenement`],wrong_ticket_type:[`Andere ingang`,`Dit ticket is niet geldig bij deze ingang`],addon_unavailable:[`Niet inbegrepen`,`Dit ticket geeft geen recht op wat hier wordt geboden`],addon_used_up:[`Opgebruikt`,`Hiervan is niets meer over op het ticket`],ambiguous:[`Meerdere tickets`,`Deze tag heeft meer dan één ticket. Vraag het personeel`],gate_closed:[`Ingang gesloten`,`Hier wordt nu niemand toegelaten`],stale_read:[`Probeer opnieuw`,`Deze lezing was te oud`],unreadable:[`Niet leesbaar`,`Probeer het opnieuw`],too_many_unknown:[`Probeer opnieuw`,`Er zijn te veel onbekende tags gelezen`],undone:[`Toelating ongedaan gemaakt`,`Het ticket is weer geldig`],no_ticket_list:[`Geen lijst`,`Oveit is onbereikbaar en er is geen lijst. Vraag het personeel`],offline_refused:[`Geen verbinding`,`Deze ingang laat zonder Oveit niemand toe. Vraag het personeel`],refused:[`Niet toegelaten`,`Oveit heeft dit ticket geweigerd`]},hints:{main_entry_first:`Nog niet binnengekomen`,never_entered:`Nooit binnen geweest`,phone:`Misschien een telefoon. Houd het polsbandje ervoor`},tone:{admitted:`Toegelaten`,unsure:`Toegelaten, hier beslist`,refused:`Niet toegelaten`,unchecked:`Nu niet te controleren`},unchecked:`Oveit is niet bereikbaar. Vraag het personeel`,decidedHere:`Hier beslist. Oveit is nog niet gevraagd`,rehearsal:[`Repetitie`,`Er wordt niets gemarkeerd bij Oveit`],scanned:`Er is niets gemarkeerd`,would:`Zou worden toegelaten`,passback:`Zojuist bij een andere ingang gebruikt`,firstAt:`Eerst gebruikt om {time}`,firstAtGate:`Eerst gebruikt om {time}, {gate}`,left:`{addon}: nog {count}`,dismiss:`Sluiten`,ready:`Toon je ticket`,readyExit:`Laat je ticket lezen als je vertrekt`,entries:`binnengekomen`,exits:`vertrokken`,checkedIn:`ingecheckt`,perHour:`{count} in het afgelopen uur`,last:`Laatste`,nobody:`Er is nog niemand gekomen`,nobodyLeft:`Er is nog niemand vertrokken`,connected:`Verbonden met Oveit`,offline:`Oveit is onbereikbaar`,unknownLine:`Verbinding onbekend`,waitingNone:`Niets wacht op Oveit`,waitingOne:`1 check-in wacht op Oveit`,waiting:`{count} check-ins wachten op Oveit`,mode:`Modus van de ingang`,modes:{open_for_tickets:`Open`,scan_only:`Alleen scannen`,closed:`Gesloten`,free_flow:`Vrij`},closedNow:`Deze ingang is gesloten`,scanNow:`Tickets worden alleen gescand, er wordt niets gemarkeerd`,rehearsalNow:`Repetitie. Er wordt niets gemarkeerd bij Oveit`,freeNow:`Iedereen mag door. Tickets worden nog wel ingecheckt`,freeSure:`Tik nog eens om iedereen binnen te laten`,modeFailed:`De modus kon niet worden gewijzigd`,soundOn:`Geluid aanzetten`,ofTickets:`van {count} tickets`,remaining:`nog te komen`,inside:`nu binnen`,arrivalsNow:`aankomsten per minuut`,arrivals:`Aankomsten`,arrivalsText:`Aankomsten per minuut van {from} tot {to}, hoogstens {count} om {time}`,peak:`Hoogstens {count} per minuut om {time}`,noCurve:`De curve verschijnt zodra er gasten komen`,noHistory:`De geschiedenis van Home Assistant is niet leesbaar`,types:`Tickettypen`,preparing:{running:`Tags leren: {known} van {count} bekend`,paused:`Tags leren gepauzeerd: {known} van {count} bekend`,stopped:`Tags leren gestopt: {known} van {count} bekend`,finished:`Tags geleerd: {known} van {count} bekend`},lastEntry:`Laatste binnenkomst`,listFetched:`Ticketlijst opgehaald`,never:`nog niet`,notFound:`Kies een entiteit van Oveit voor deze kaart`,unavailable:`Momenteel niet beschikbaar`,cards:{gate:[`Oveit-ingang`,`Voor een tablet naast de deur: toont in groen, oranje of rood wat is beslist`],event:[`Oveit-evenement`,`Hoeveel er binnen zijn, hoe snel ze komen en met welke tickets`],dashboard:[`Oveit`,`Elk evenement en elke ingang, klaar voor gebruik`]},overview:`Overzicht`,gates:`Ingangen`,recent:`Laatste check-ins`,diagnostics:`Verbinding`,welcome:`Er is nog geen evenement. [Voeg Oveit toe]({link}) aan Home Assistant, dan vult deze pagina zich vanzelf.`,fields:{entity:`Entiteit`,name:`Naam`,seconds:`Seconden dat een beslissing zichtbaar is`,mode_switch:`Modusschakelaar tonen`,sound:`Geluid afspelen`,hours_to_show:`Uren die de curve toont`,show_types:`Tickettypen tonen`,show_curve:`Curve tonen`},help:{mode_switch:`Zet uit waar gasten de tablet kunnen aanraken`,sound:`Browsers vragen eerst om een aanraking: de kaart toont een knop`}}};function z(e){return qe[(e??`en`).toLowerCase().split(`-`)[0]]??Ke}var B=()=>z(document.documentElement.lang);function V(e,t){return e.replace(/\{(\w+)\}/g,(e,n)=>String(t[n]??e))}function Je(e,t,n){let[r,i]=e.reasons[t]??[n?e.tone.admitted:e.tone.refused,t.replaceAll(`_`,` `)];return[r,i]}var H=class extends N{static{this.properties={hass:{attribute:!1},config:{state:!0},now:{state:!0}}}constructor(){super(),this.now=Date.now()}get words(){return z(this.hass?.language)}moreInfo(e){e&&We(this,`hass-more-info`,{entityId:e})}connectedCallback(){super.connectedCallback(),this.ticking=setInterval(()=>this.now=Date.now(),1e4)}disconnectedCallback(){clearInterval(this.ticking),super.disconnectedCallback()}shouldUpdate(e){let t=e.get(`hass`),{hass:n}=this;return e.size!==1||!t||!n||t.entities!==n.entities||t.devices!==n.devices||t.language!==n.language||t.locale!==n.locale||t.connected!==n.connected||this.watched().some(e=>t.states[e]!==n.states[e])}},Ye=o`
  :host {
    display: block;
    height: 100%;
    --oveit-green: var(--oveit-admitted-color, #1a7f37);
    --oveit-amber: var(--oveit-unsure-color, #ffb300);
    --oveit-red: var(--oveit-refused-color, #b3261e);
    --oveit-blue: var(--oveit-unchecked-color, #12284c);
    --oveit-accent: var(--oveit-accent-color, var(--primary-color, #009ac7));
    --oveit-quiet: color-mix(in srgb, var(--primary-text-color) 7%, transparent);
    --oveit-soft-text: color-mix(in srgb, var(--primary-text-color) 78%, transparent);
  }
  * {
    box-sizing: border-box;
  }
  ha-card {
    position: relative;
    height: 100%;
    overflow: hidden;
    color: var(--primary-text-color);
  }
  h2,
  h3,
  p,
  dl,
  dd {
    margin: 0;
  }
  .icon {
    width: 1.25em;
    height: 1.25em;
    flex: none;
    fill: currentColor;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    text-align: inherit;
    -webkit-tap-highlight-color: transparent;
  }
  :focus-visible {
    outline: 3px solid var(--oveit-accent);
    outline-offset: 2px;
  }
  .number {
    font-variant-numeric: tabular-nums;
    letter-spacing: -0.02em;
  }
  .missing {
    padding: 32px 24px;
    display: flex;
    gap: 12px;
    align-items: center;
    color: var(--oveit-soft-text);
  }
  .unheard {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`,Xe=o`
  ha-card {
    container-type: inline-size;
  }
  .event {
    padding: 24px;
    display: grid;
    gap: 24px;
  }
  h2 {
    font-size: 22px;
    font-weight: 600;
    line-height: 1.2;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  h3 {
    font-size: 15px;
    font-weight: 600;
    line-height: 1.3;
  }
  .top {
    display: grid;
    gap: 20px;
    justify-items: center;
  }
  .ring {
    position: relative;
    width: min(100%, 260px);
    aspect-ratio: 1;
    border-radius: 50%;
  }
  .ring svg {
    width: 100%;
    height: 100%;
    transform: rotate(-90deg);
  }
  circle {
    fill: none;
    stroke-width: 9;
  }
  .track {
    stroke: var(--oveit-quiet);
  }
  .part {
    stroke: var(--oveit-accent);
    stroke-linecap: round;
    transition: stroke-dasharray 800ms ease;
  }
  .middle {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    text-align: center;
    line-height: 1.3;
  }
  .middle .number {
    font-size: 64px;
    font-weight: 300;
    line-height: 1;
    letter-spacing: -0.02em;
    margin-bottom: 6px;
  }
  .what {
    font-size: 15px;
    color: var(--oveit-soft-text);
  }
  .percent {
    margin-top: 6px;
    font-size: 15px;
    font-weight: 600;
  }
  .figures {
    width: 100%;
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(80px, 1fr));
    gap: 8px;
  }
  .figure {
    padding: 14px 6px;
    display: grid;
    gap: 2px;
    align-content: start;
    border-radius: 16px;
    background: var(--oveit-quiet);
    text-align: center;
  }
  .figure .number {
    font-size: 28px;
    font-weight: 400;
    line-height: 1.1;
  }
  .figure .what {
    font-size: 14px;
    line-height: 1.25;
  }
  .curve {
    display: grid;
    align-content: start;
    grid-template-columns: auto 1fr;
    gap: 8px 16px;
    align-items: baseline;
  }
  .peak,
  .quiet {
    font-size: 14px;
    color: var(--oveit-soft-text);
    text-align: end;
  }
  .quiet {
    grid-column: 1 / -1;
    text-align: start;
  }
  .plot {
    grid-column: 1 / -1;
    min-width: 0;
  }
  .plot svg {
    display: block;
    width: 100%;
    height: 128px;
  }
  .plot path {
    fill: none;
    vector-effect: non-scaling-stroke;
  }
  .grid {
    stroke: var(--divider-color);
    stroke-width: 1;
  }
  .plot .area {
    fill: var(--oveit-accent);
    opacity: 0.16;
  }
  .stroke {
    stroke: var(--oveit-accent);
    stroke-width: 2.5;
    stroke-linejoin: round;
    stroke-linecap: round;
  }
  .hours {
    margin-top: 6px;
    display: flex;
    justify-content: space-between;
    gap: 4px;
    font-size: 13px;
    color: var(--oveit-soft-text);
    white-space: nowrap;
  }
  .types {
    display: grid;
    align-content: start;
    gap: 12px;
  }
  .kind {
    width: 100%;
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 6px 16px;
    font-size: 16px;
    line-height: 1.3;
    border-radius: 8px;
  }
  .kind .name {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .kind .number {
    font-weight: 600;
  }
  .kind .all {
    font-weight: 400;
    color: var(--oveit-soft-text);
  }
  .preparing {
    font-size: 15px;
  }
  .preparing .name {
    grid-column: 1 / -1;
  }
  .preparing .bar {
    height: 4px;
  }
  .bar {
    grid-column: 1 / -1;
    height: 8px;
    border-radius: 4px;
    background: var(--oveit-quiet);
    overflow: hidden;
  }
  .bar span {
    display: block;
    height: 100%;
    border-radius: 4px;
    background: var(--oveit-accent);
    transition: width 800ms ease;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 8px 16px;
    padding-top: 20px;
    border-top: 1px solid var(--divider-color);
    font-size: 15px;
    line-height: 1.35;
  }
  dt {
    color: var(--oveit-soft-text);
  }
  dd {
    text-align: end;
  }
  dd.alert {
    grid-column: 1 / -1;
    padding: 8px 12px;
    display: flex;
    gap: 12px;
    align-items: center;
    border-radius: 12px;
    text-align: start;
    font-weight: 500;
    background: color-mix(in srgb, var(--oveit-amber) 24%, transparent);
  }
  @container (max-width: 420px) {
    .hours span:nth-child(even) {
      display: none;
    }
  }
  @container (min-width: 620px) {
    .event {
      padding: 32px;
      grid-template-columns: minmax(240px, 2fr) 3fr;
      grid-template-rows: auto auto 1fr;
      gap: 28px 40px;
    }
    h2,
    dl,
    .preparing {
      grid-column: 1 / -1;
    }
    h2 {
      font-size: 28px;
    }
    .top {
      grid-row: span 2;
      align-content: start;
    }
    .top:nth-last-child(2) {
      grid-column: 1 / -1;
    }
    .plot svg {
      height: 160px;
    }
    dl {
      grid-template-columns: auto 1fr auto 1fr;
    }
    dd {
      text-align: start;
    }
  }
`,U=e=>Object.values(e.entities).filter(e=>e.platform===`oveit`),W=e=>e.split(`.`,1)[0];function Ze(e,t){return U(e).filter(e=>e.device_id===t)}function G(e,t){return e.find(e=>e.translation_key===t)?.entity_id}function Qe(e,t,n){let r=new Set(t.config_entries??[]);return U(e).filter(e=>e.translation_key===n&&e.device_id).filter(t=>e.devices[t.device_id]?.config_entries?.some(e=>r.has(e))).map(e=>e.entity_id)}function $e(e,t){let n=t?e.entities[t]:void 0;return n?.platform===`oveit`&&n.device_id?e.devices[n.device_id]:void 0}function K(e,t){let n=$e(e,t);if(!n)return;let r=Ze(e,n.id),i=r.find(e=>W(e.entity_id)===`event`);if(!i)return;let a=G(r,`gate_exits`);return{device:n,event:i.entity_id,mode:r.find(e=>W(e.entity_id)===`select`)?.entity_id,rehearsal:G(r,`gate_rehearsal`),entries:a??G(r,`gate_entries`)??G(r,`checked_in`),perHour:G(r,`gate_exits_per_hour`)??G(r,`gate_entries_per_hour`),isExit:a!==void 0,connected:Qe(e,n,`connected`),waiting:Qe(e,n,`waiting`)}}function q(e,t){let n=$e(e,t);if(!n)return;let r=Ze(e,n.id),i=G(r,`checked_in`);if(i)return{device:n,checkedIn:i,tickets:G(r,`tickets`),remaining:G(r,`remaining`),arrivals:G(r,`arrivals`),lastEntry:G(r,`last_entry`),listAge:G(r,`list_age`),inside:G(r,`inside`),coverage:G(r,`offline_coverage`),connected:G(r,`connected`),waiting:G(r,`waiting`),conflicts:G(r,`conflicts`),ready:G(r,`ready`),sync:G(r,`sync`),checkIn:G(r,`check_in`),types:r.filter(e=>e.translation_key===`checked_in_type`).map(e=>e.entity_id)}}function et(e){return e.filter(Boolean).sort((e,t)=>R(e.device).localeCompare(R(t.device)))}function tt(e){return et(U(e).filter(e=>W(e.entity_id)===`event`&&e.translation_key===`gate`).map(t=>K(e,t.entity_id)))}function nt(e){return et(U(e).filter(e=>e.translation_key===`checked_in`).map(t=>q(e,t.entity_id)))}function J(e,t,n=0){return new Intl.NumberFormat(e.language,{maximumFractionDigits:n}).format(t)}function Y(e,t){let{time_format:n,time_zone:r}=e.locale;return new Intl.DateTimeFormat(e.language,{hour:`numeric`,minute:`2-digit`,hour12:n===`12`||n!==`24`&&void 0,timeZone:r===`server`?e.config.time_zone:void 0}).format(t)}var rt=[[60,`second`,1],[3600,`minute`,60],[86400,`hour`,3600],[1/0,`day`,86400]];function it(e,t,n){let r=Math.max(0,(n-t)/1e3),[,i,a]=rt.find(([e])=>r<e),o=new Intl.RelativeTimeFormat(e.language,{numeric:`auto`,style:`long`});return i===`second`?o.format(r<10?0:-Math.floor(r/10)*10,`second`):o.format(-Math.floor(r/a),i)}var at={number:{min:2,max:60,unit_of_measurement:`s`,mode:`box`}},ot={number:{min:1,max:48,unit_of_measurement:`h`,mode:`box`}},st=e=>({entity:{filter:{integration:`oveit`,domain:e}}}),ct=[{name:`entity`,required:!0,selector:st(`event`)},{name:`name`,selector:{text:{}}},{name:`seconds`,default:6,selector:at},{name:`mode_switch`,default:!0,selector:{boolean:{}}},{name:`sound`,default:!1,selector:{boolean:{}}}],lt=[{name:`entity`,required:!0,selector:st(`sensor`)},{name:`name`,selector:{text:{}}},{name:`show_curve`,default:!0,selector:{boolean:{}}},{name:`hours_to_show`,default:6,selector:ot},{name:`show_types`,default:!0,selector:{boolean:{}}}];function ut(e){return{schema:e,computeLabel:({name:e})=>B().fields[e]??e,computeHelper:({name:e})=>B().help[e]}}var dt={check:`M9,20.42L2.79,14.21L5.62,11.38L9,14.77L18.88,4.88L21.71,7.71L9,20.42Z`,close:`M20 6.91L17.09 4L12 9.09L6.91 4L4 6.91L9.09 12L4 17.09L6.91 20L12 14.91L17.09 20L20 17.09L14.91 12L20 6.91Z`,unsure:`M23.5 17L18.5 22L15 18.5L16.5 17L18.5 19L22 15.5L23.5 17M13.1 19.9C12.7 20 12.4 20 12 20C7.6 20 4 16.4 4 12S7.6 4 12 4 20 7.6 20 12C20 12.4 20 12.7 19.9 13.1C20.6 13.2 21.2 13.4 21.8 13.7C21.9 13.1 22 12.6 22 12C22 6.5 17.5 2 12 2S2 6.5 2 12C2 17.5 6.5 22 12 22C12.6 22 13.2 21.9 13.7 21.8C13.4 21.3 13.2 20.6 13.1 19.9M15.6 14.1L12.5 12.3V7H11V13L14.5 15.1C14.8 14.7 15.2 14.4 15.6 14.1Z`,question:`M10,19H13V22H10V19M12,2C17.35,2.22 19.68,7.62 16.5,11.67C15.67,12.67 14.33,13.33 13.67,14.17C13,15 13,16 13,17H10C10,15.33 10,13.92 10.67,12.92C11.33,11.92 12.67,11.33 13.5,10.67C15.92,8.43 15.32,5.26 12,5A3,3 0 0,0 9,8H6A6,6 0 0,1 12,2Z`,open:`M12,3C10.89,3 10,3.89 10,5H3V19H2V21H22V19H21V5C21,3.89 20.11,3 19,3H12M12,5H19V19H12V5M5,11H7V13H5V11Z`,look:`M9.5,3A6.5,6.5 0 0,1 16,9.5C16,11.11 15.41,12.59 14.44,13.73L14.71,14H15.5L20.5,19L19,20.5L14,15.5V14.71L13.73,14.44C12.59,15.41 11.11,16 9.5,16A6.5,6.5 0 0,1 3,9.5A6.5,6.5 0 0,1 9.5,3M9.5,5C7,5 5,7 5,9.5C5,12 7,14 9.5,14C12,14 14,12 14,9.5C14,7 12,5 9.5,5Z`,free:`M4,11V13H16L10.5,18.5L11.92,19.92L19.84,12L11.92,4.08L10.5,5.5L16,11H4Z`,closed:`M12,17A2,2 0 0,0 14,15C14,13.89 13.1,13 12,13A2,2 0 0,0 10,15A2,2 0 0,0 12,17M18,8A2,2 0 0,1 20,10V20A2,2 0 0,1 18,22H6A2,2 0 0,1 4,20V10C4,8.89 4.9,8 6,8H7V6A5,5 0 0,1 12,1A5,5 0 0,1 17,6V8H18M12,3A3,3 0 0,0 9,6V8H15V6A3,3 0 0,0 12,3Z`,online:`M10.35 17L16 11.35L14.55 9.9L10.33 14.13L8.23 12.03L6.8 13.45M6.5 20Q4.22 20 2.61 18.43 1 16.85 1 14.58 1 12.63 2.17 11.1 3.35 9.57 5.25 9.15 5.88 6.85 7.75 5.43 9.63 4 12 4 14.93 4 16.96 6.04 19 8.07 19 11 20.73 11.2 21.86 12.5 23 13.78 23 15.5 23 17.38 21.69 18.69 20.38 20 18.5 20Z`,offline:`M19.8 22.6L17.15 20H6.5Q4.2 20 2.6 18.4T1 14.5Q1 12.58 2.19 11.08 3.38 9.57 5.25 9.15 5.33 8.95 5.4 8.76 5.5 8.57 5.55 8.35L1.4 4.2L2.8 2.8L21.2 21.2M6.5 18H15.15L7.1 9.95Q7.05 10.23 7.03 10.5 7 10.73 7 11H6.5Q5.05 11 4.03 12.03 3 13.05 3 14.5 3 15.95 4.03 17 5.05 18 6.5 18M11.13 14M21.6 18.75L20.15 17.35Q20.58 17 20.79 16.54 21 16.08 21 15.5 21 14.45 20.27 13.73 19.55 13 18.5 13H17V11Q17 8.93 15.54 7.46 14.08 6 12 6 11.33 6 10.7 6.16 10.07 6.33 9.5 6.68L8.05 5.23Q8.93 4.63 9.91 4.31 10.9 4 12 4 14.93 4 16.96 6.04 19 8.07 19 11 20.73 11.2 21.86 12.5 23 13.78 23 15.5 23 16.5 22.63 17.31 22.25 18.15 21.6 18.75M14.83 12.03Z`,waiting:`M18 5H6V7H18M6 9H18V11H6M2 12H4V17H20V12H22V17A2 2 0 0 1 20 19H4A2 2 0 0 1 2 17M18 13H6V15H18Z`,sound:`M14,3.23V5.29C16.89,6.15 19,8.83 19,12C19,15.17 16.89,17.84 14,18.7V20.77C18,19.86 21,16.28 21,12C21,7.72 18,4.14 14,3.23M16.5,12C16.5,10.23 15.5,8.71 14,7.97V16C15.5,15.29 16.5,13.76 16.5,12M3,9V15H7L12,20V4L7,9H3Z`,ticket:`M13,8.5H11V6.5H13V8.5M13,13H11V11H13V13M13,17.5H11V15.5H13V17.5M22,10V6C22,4.89 21.1,4 20,4H4A2,2 0 0,0 2,6V10C3.11,10 4,10.9 4,12A2,2 0 0,1 2,14V18A2,2 0 0,0 4,20H20A2,2 0 0,0 22,18V14A2,2 0 0,1 20,12A2,2 0 0,1 22,10Z`,refresh:`M17.65,6.35C16.2,4.9 14.21,4 12,4A8,8 0 0,0 4,12A8,8 0 0,0 12,20C15.73,20 18.84,17.45 19.73,14H17.65C16.83,16.33 14.61,18 12,18A6,6 0 0,1 6,12A6,6 0 0,1 12,6C13.66,6 15.14,6.69 16.22,7.78L13,11H20V4L17.65,6.35Z`},X=e=>w`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${dt[e]}></path></svg>`,ft=new Set([`running`,`paused`,`stopped`,`finished`]),pt=6e5;function mt(e,t,n){let{preparation:r,known:i}=e?.attributes??{};if(e&&t&&typeof i==`number`&&ft.has(r)&&!(i>=t&&r!==`running`&&r!==`paused`&&n-Date.parse(e.last_changed)>pt))return{status:r,known:i,tickets:t}}var ht=3e5,gt=72,_t=720,vt=160,yt=2*Math.PI*52,bt=(e,t)=>w`<span class="bar"><span style="width:${t>0?Math.min(100,100*e/t):0}%"></span></span>`,xt=class extends H{static{this.properties={...H.properties,kept:{state:!0},unreadable:{state:!0}}}static{this.styles=[Ye,Xe]}constructor(){super(),this.unreadable=!1}static getConfigForm(){return ut(lt)}static getStubConfig(e){let[t]=nt(e);return{entity:t?.checkedIn??``}}setConfig(e){this.config=e}getCardSize(){return 9}getGridOptions(){return{columns:12,min_columns:6}}watched(){let{found:e}=this;if(!e)return[];let{types:t,device:n,...r}=e;return[...Object.values(r),...t].filter(Boolean)}get found(){return this.hass&&q(this.hass,this.config?.entity)}get hours(){return Math.min(Math.max(Number(this.config?.hours_to_show)||6,1),48)}willUpdate(e){let{hass:t,found:n}=this,r=n?.arrivals;if(!t||!r||this.config?.show_curve===!1)return;let i=e.get(`hass`)?.states[r],a=t.states[r];if(this.kept&&i&&a&&i!==a){let e=Date.parse(a.last_changed);this.kept=[...this.kept,{at:e,value:I(t,r)??null}]}this.fetchOnce(t,r)}async fetchOnce(e,t){let{fetched:n,hours:r}=this,i=Date.now(),a=n?.entity===t&&n.hours===r;if(a&&i-n.at<ht)return;let o=this.fetched={entity:t,hours:r,at:i};a||(this.kept=void 0);try{let n=await e.callWS({type:`history/history_during_period`,start_time:new Date(i-r*36e5).toISOString(),entity_ids:[t],minimal_response:!0,no_attributes:!0,significant_changes_only:!1});if(this.fetched!==o)return;this.kept=Pe(n[t]??[]),this.unreadable=!1}catch{this.fetched===o&&(this.unreadable=!0)}}render(){let{hass:e,found:t,words:n}=this;if(!e||!t)return w`<ha-card><div class="missing">${X(`ticket`)} ${e?n.notFound:``}</div></ha-card>`;let r=this.config?.name||R(t.device);return w`<ha-card>
      <section class="event" aria-label=${r}>
        <h2>${r}</h2>
        <div class="top">${this.ring(e,t)} ${this.figures(e,t)}</div>
        ${this.config?.show_curve===!1||!t.arrivals?E:this.curve(e)}
        ${this.config?.show_types===!1?E:this.types(e,t)}
        ${this.preparing(e,t)} ${this.footer(e,t)}
      </section>
    </ha-card>`}ring(e,t){let{words:n}=this,r=I(e,t.checkedIn),i=I(e,t.tickets),a=i&&r!==void 0?Math.min(r/i,1):0,o=new Intl.NumberFormat(e.language,{style:`percent`}).format(a);return w`<button class="ring" @click=${()=>this.moreInfo(t.checkedIn)}>
      <svg viewBox="0 0 120 120" aria-hidden="true">
        <circle class="track" cx="60" cy="60" r="52"></circle>
        ${a>0?Se`<circle class="part" cx="60" cy="60" r="52" stroke-dasharray="${a*yt} ${yt}"></circle>`:E}
      </svg>
      <span class="middle">
        <span class="number">${r===void 0?`–`:J(e,r)}</span>
        <span class="what">${n.checkedIn}</span>
        ${i===void 0?E:w`<span class="what">${V(n.ofTickets,{count:J(e,i)})}</span>
              <span class="percent">${o}</span>`}
      </span>
    </button>`}figures(e,t){let{words:n}=this,r=(t,n,r=0)=>{let i=I(e,t);return!t||i===void 0?E:w`<button class="figure" @click=${()=>this.moreInfo(t)}>
        <span class="number">${J(e,i,r)}</span><span class="what">${n}</span>
      </button>`};return w`<div class="figures">
      ${r(t.remaining,n.remaining)} ${r(t.inside,n.inside)}
      ${r(t.arrivals,n.arrivalsNow,1)}
    </div>`}curve(e){let{words:t}=this,n=Date.now(),r=Ie(this.kept,n,this.hours),i=Re(this.kept??[],r);if(this.unreadable||!i)return w`<div class="curve">
        <h3>${t.arrivals}</h3>
        <p class="quiet">${this.unreadable?t.noHistory:this.kept?t.noCurve:``}</p>
      </div>`;let a=Le(this.kept??[],r,n,gt),o={from:Y(e,r),to:Y(e,n),count:J(e,i.value,1),time:Y(e,i.at)};return w`<div class="curve">
      <h3>${t.arrivals}</h3>
      <p class="peak">${V(t.peak,o)}</p>
      <div class="plot" role="img" aria-label=${V(t.arrivalsText,o)}>
        ${this.plot(a,Ve(a))}
        <div class="hours" aria-hidden="true">
          ${[0,1,2,3,4].map(t=>w`<span>${Y(e,r+t/4*(n-r))}</span>`)}
        </div>
      </div>
    </div>`}plot(e,t){return w`<svg viewBox="0 -4 ${_t} ${168}" preserveAspectRatio="none">
      ${[0,.5,1].map(e=>Se`<path class="grid" d="M0,${vt*e}H${_t}"></path>`)}
      ${ze(e,_t,vt,t).map(e=>{let t=Be(e);return Se`<path class="area" d=${`${t}V${vt}H${e[0].x}Z`}></path><path class="stroke" d=${t}></path>`})}
    </svg>`}types(e,t){let n=t.types.map(t=>{let n=e.states[t]?.attributes.tickets,r=I(e,t)??0;return{entityId:t,name:this.kindName(e,t),value:r,all:typeof n==`number`?n:void 0}}).sort((e,t)=>t.value-e.value);if(n.length===0)return E;let r=Math.max(1,...n.map(e=>e.value));return w`<div class="types">
      <h3>${this.words.types}</h3>
      ${n.map(t=>w`<button class="kind" @click=${()=>this.moreInfo(t.entityId)}>
          <span class="name">${t.name}</span>
          <span class="number"
            >${J(e,t.value)}${t.all===void 0?E:w`<span class="all"> / ${J(e,t.all)}</span>`}</span
          >
          ${bt(t.value,t.all??r)}
        </button>`)}
    </div>`}kindName(e,t){return L((e.states[t]?.attributes??{}).ticket_type)??e.entities[t]?.name??t}preparing(e,t){let n=mt(t.coverage?e.states[t.coverage]:void 0,I(e,t.tickets),Date.now());if(!n)return E;let r={known:J(e,n.known),count:J(e,n.tickets)};return w`<button class="kind preparing" @click=${()=>this.moreInfo(t.coverage)}>
      <span class="name">${V(this.words.preparing[n.status],r)}</span>
      ${bt(n.known,n.tickets)}
    </button>`}footer(e,t){let{words:n}=this,r=t.lastEntry?e.states[t.lastEntry]:void 0,i=Ue(e,t.lastEntry),a=Ue(e,t.listAge),o=t.connected&&e.states[t.connected]?.state===`off`,s=[L(r?.attributes.ticket_type),L(r?.attributes.gate)].filter(Boolean);return w`<dl>
      <dt>${n.lastEntry}</dt>
      <dd>${i===void 0?n.never:[it(e,i,Date.now()),...s].join(` · `)}</dd>
      <dt>${n.listFetched}</dt>
      <dd>${a===void 0?n.never:it(e,a,Date.now())}</dd>
      ${o?w`<dd class="alert">${X(`offline`)} ${n.offline}</dd>`:E}
    </dl>`}},St={admitted:[[880,0,.12],[1320,.13,.22]],unsure:[[880,0,.12],[880,.18,.16]],refused:[[330,0,.2],[220,.22,.4]],unchecked:[[330,0,.2],[330,.22,.4]]},Ct=class{constructor(e){this.changed=e}get ready(){return this.open().state===`running`}async allow(){await this.open().resume()}play(e){if(this.ready)for(let[t,n,r]of St[e])this.beep(t,n,r)}close(){this.context?.removeEventListener(`statechange`,this.changed),this.context?.close(),this.context=void 0}open(){return this.context||(this.context=new AudioContext,this.context.addEventListener(`statechange`,this.changed)),this.context}beep(e,t,n){let r=this.context,i=r.currentTime+t,a=new OscillatorNode(r,{frequency:e}),o=new GainNode(r,{gain:0});o.gain.linearRampToValueAtTime(.25,i+.01),o.gain.setValueAtTime(.25,i+n-.03),o.gain.linearRampToValueAtTime(0,i+n),a.connect(o).connect(r.destination),a.start(i),a.stop(i+n)}},wt=1e4;function Tt(e){return e.event_type===`admitted`?e.source===`ledger`&&e.reason!==`left`?`unsure`:`admitted`:e.certain===!1?`unchecked`:`refused`}var Et=e=>e===`refused`||e===`unchecked`;function Dt(e){if(!F(e))return;let{attributes:t}=e,n=Date.parse(e.state),r=L(t.reason);if(!Number.isFinite(n)||!r)return;let i=Date.parse(L(t.first_checkin_at)??``);return{tone:Tt(t),reason:r,at:n,ticketType:L(t.ticket_type),addon:L(t.addon),addonLeft:typeof t.addon_left==`number`?t.addon_left:void 0,gate:L(t.gate),codeEnd:L(t.code_end),message:L(t.message),firstAt:Number.isFinite(i)?i:void 0,firstGate:L(t.first_checkin_gate),hint:L(t.hint),leaving:t.direction===`exit`||r===`left`,passback:t.passback===!0,rehearsal:t.rehearsal===!0,lookUp:t.mode===`scan_only`,freeFlow:t.mode===`free_flow`&&r===`override`}}var Ot=class{constructor(){this.live=!1}observe(e,t,n){let r=Dt(e),i=this.live;if(this.live=t&&e!==void 0&&e.state!==`unavailable`,r&&r.at!==this.last)return this.last=r.at,i||Math.abs(n-r.at)<wt?r:void 0}},kt=e=>e.codePointAt(0)>11903;function At(e){let t=e.split(/\s+/),n=e=>[...e].reduce((e,t)=>e+(kt(t)?1:.6),0),r=Math.max(...t.map(e=>kt(e[0]??`a`)?4:n(e))),i=n(e);return Math.max(6,Math.min(17,84/r,160/Math.max(i,1)))}var jt={admitted:`check`,unsure:`unsure`,refused:`close`,unchecked:`question`};function Z(e,t){return t.rehearsal?e.rehearsal[0]:t.lookUp?e.modes.scan_only:void 0}var Mt=new Set([`no_ticket_list`,`offline_refused`]);function Q(e,t){let[n,r]=Je(e,t.reason,!Et(t.tone));return t.tone===`unchecked`?[e.tone.unchecked,Mt.has(t.reason)?r:e.unchecked]:t.tone===`refused`?[n,r]:t.leaving?[e.reasons.left[0],r]:[Z(e,t)?e.would:n,r]}function Nt(e,t,n){let[,r]=Q(t,n),i=n.freeFlow?t.freeNow:r,a=[n.reason===`refused`?n.message??r:i];if(n.firstAt!==void 0&&n.tone===`refused`){let r={time:Y(e,n.firstAt),gate:n.firstGate??``};a[0]=V(n.firstGate?t.firstAtGate:t.firstAt,r)}return n.hint&&a.push(t.hints[n.hint]??``),n.passback&&a.push(t.passback),a.filter(Boolean)}function Pt(e,t){return[t.tone===`unsure`&&!t.freeFlow?e.decidedHere:``,t.rehearsal?e.rehearsal[1]:t.lookUp?e.scanned:``].filter(Boolean)}function Ft(e,t){return!t.addon||t.addonLeft===void 0?t.addon:V(e.left,{addon:t.addon,count:t.addonLeft})}function It(e,t,n){let[r]=Q(t,n),i=Z(t,n);return[i,n.leaving||n.tone===`unchecked`||i&&n.tone!==`refused`?``:t.tone[n.tone],r,n.ticketType,Ft(t,n),...Nt(e,t,n),...Pt(t,n)].filter(Boolean).join(`. `)}function Lt(e,t,n,r,i){let[a]=Q(t,n),o=Ft(t,n),s=Z(t,n);return w`<div
    class="verdict ${n.tone} ${s?`trial`:``}"
    ?data-showing=${r}
    ?inert=${!r}
    style="--fit:${At(s??a).toFixed(2)}"
    @click=${i}
  >
    <button class="dismiss" aria-label=${t.dismiss}>${X(`close`)}</button>
    ${s?w`<p class="headline">${s}</p>`:E}
    <div class="sign">${X(jt[n.tone])}</div>
    <p class=${s?`outcome`:`headline`}>${a}</p>
    ${n.ticketType?w`<p class="kind">${n.ticketType}</p>`:E}
    ${o?w`<p class="more">${o}</p>`:E}
    ${Nt(e,t,n).map(e=>w`<p class="detail">${e}</p>`)}
    ${Pt(t,n).map(e=>w`<p class="note">${e}</p>`)}
  </div>`}var Rt=o`
  .verdict {
    position: absolute;
    inset: 0;
    z-index: 1;
    container-type: size;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    padding: 12px 0;
    text-align: center;
    background: var(--tone);
    color: #fff;
    opacity: 0;
    visibility: hidden;
    transition:
      opacity 600ms ease,
      visibility 0s 600ms;
  }
  .verdict[data-showing] {
    opacity: 1;
    visibility: visible;
    transition: opacity 90ms ease-out;
  }
  .verdict.admitted {
    --tone: var(--oveit-green);
  }
  .verdict.unsure {
    --tone: var(--oveit-amber);
    color: #1c1300;
  }
  .verdict.refused {
    --tone: var(--oveit-red);
  }
  .verdict.unchecked {
    --tone: var(--oveit-blue);
  }
  .verdict.trial {
    border: clamp(8px, 2.2cqi, 20px) dashed var(--tone);
    border-radius: inherit;
    background: var(--card-background-color, #fff);
    color: var(--primary-text-color);
  }
  .verdict p {
    flex: none;
    padding: 0 6cqi;
    max-width: 100%;
    overflow-wrap: anywhere;
    text-wrap: balance;
  }
  .sign {
    display: grid;
    place-items: center;
    flex: 0 1 min(30cqi, 25cqb);
    min-height: 40px;
    aspect-ratio: 1;
    margin-bottom: 2.5cqb;
    border-radius: 50%;
    background: color-mix(in srgb, currentColor 16%, transparent);
  }
  .trial .sign {
    flex-basis: min(22cqi, 18cqb);
    margin-top: 2cqb;
    background: var(--tone);
    color: #fff;
  }
  .trial.unsure .sign {
    color: #1c1300;
  }
  .sign .icon {
    width: 62%;
    height: 62%;
  }
  .refused .sign .icon {
    width: 74%;
    height: 74%;
  }
  .headline {
    font-size: min(var(--fit) * 1cqi, 19cqb);
    font-weight: 700;
    line-height: 1.08;
    letter-spacing: -0.02em;
  }
  .trial .headline {
    font-size: min(var(--fit) * 1cqi, 13cqb);
  }
  .outcome {
    font-size: max(24px, min(9cqi, 9cqb));
    font-weight: 600;
    line-height: 1.15;
  }
  .kind {
    margin-top: 2cqb;
    font-size: max(20px, min(7.5cqi, 9cqb));
    font-weight: 500;
    line-height: 1.2;
  }
  .more,
  .detail {
    margin-top: 1.5cqb;
    font-size: max(16px, min(4.6cqi, 5.2cqb));
    line-height: 1.3;
  }
  .note {
    margin-top: 2.5cqb;
    font-size: max(14px, min(3.8cqi, 4.2cqb));
    font-weight: 600;
    line-height: 1.3;
  }
  .dismiss {
    position: absolute;
    inset-block-start: 8px;
    inset-inline-end: 8px;
    width: 48px;
    height: 48px;
    display: grid;
    place-items: center;
    border-radius: 50%;
    opacity: 0.75;
  }
  .dismiss:hover {
    background: color-mix(in srgb, currentColor 16%, transparent);
  }
  .verdict :focus-visible {
    outline-color: currentColor;
  }
`,zt=o`
  ha-card {
    min-height: 420px;
    container-type: inline-size;
  }
  .gate {
    min-height: 416px;
    height: 100%;
    padding: 24px;
    display: flex;
    flex-direction: column;
    gap: 20px;
  }
  header {
    display: grid;
    gap: 4px;
    justify-items: start;
  }
  h2 {
    font-size: clamp(22px, 6cqi, 44px);
    font-weight: 600;
    line-height: 1.15;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  .prompt {
    font-size: clamp(16px, 3.6cqi, 26px);
    line-height: 1.35;
    color: var(--oveit-soft-text);
  }
  .rehearsal {
    margin: 4px 0;
    padding: 4px 14px;
    border: 2px dashed var(--oveit-soft-text);
    border-radius: 16px;
    font-size: clamp(16px, 3.6cqi, 26px);
    font-weight: 600;
    line-height: 1.35;
  }
  .pill {
    margin-top: 8px;
    min-height: 44px;
    padding: 0 18px 0 14px;
    display: inline-flex;
    gap: 8px;
    align-items: center;
    border-radius: 22px;
    background: var(--oveit-quiet);
    font-weight: 500;
  }
  .count {
    flex: 1;
    min-height: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    border-radius: 16px;
    text-align: center;
  }
  .count .number {
    font-size: clamp(72px, 24cqi, 240px);
    font-weight: 300;
    line-height: 1;
    letter-spacing: -0.02em;
  }
  .count .what {
    margin-top: 8px;
    font-size: clamp(17px, 4cqi, 30px);
    line-height: 1.3;
  }
  .count .hour {
    margin-top: 2px;
    font-size: clamp(15px, 3.2cqi, 22px);
    color: var(--oveit-soft-text);
  }
  .rows {
    margin: 0;
    padding: 0;
    list-style: none;
    display: grid;
    gap: 10px;
    font-size: clamp(15px, 2.6cqi, 19px);
    line-height: 1.35;
  }
  .rows li {
    display: flex;
    gap: 12px;
    align-items: center;
    color: var(--oveit-soft-text);
  }
  .rows li.alert {
    margin: 0 -12px;
    padding: 8px 12px;
    border-radius: 12px;
    color: var(--primary-text-color);
    font-weight: 500;
    background: color-mix(in srgb, var(--oveit-amber) 24%, transparent);
  }
  .dot {
    width: 1.25em;
    height: 1.25em;
    flex: none;
    display: grid;
    place-items: center;
    border-radius: 50%;
    --tone: var(--oveit-green);
    color: #fff;
    background: var(--tone);
  }
  .dot.unsure {
    --tone: var(--oveit-amber);
    color: #1c1300;
  }
  .dot.refused {
    --tone: var(--oveit-red);
  }
  .dot.unchecked {
    --tone: var(--oveit-blue);
  }
  .dot.trial {
    border: 2px solid var(--tone);
    background: none;
    color: var(--primary-text-color);
  }
  .dot .icon {
    width: 0.8em;
    height: 0.8em;
  }
  .modes {
    display: grid;
    grid-template-columns: repeat(4, 1fr);
    gap: 4px;
    padding: 4px;
    border-radius: 16px;
    background: var(--oveit-quiet);
  }
  .modes button {
    min-height: 52px;
    min-width: 0;
    padding: 6px 2px;
    display: flex;
    flex-direction: column;
    gap: 2px;
    align-items: center;
    justify-content: center;
    border-radius: 12px;
    text-align: center;
    font-size: clamp(13px, 2.8cqi, 18px);
    color: var(--oveit-soft-text);
  }
  .modes button[aria-pressed="true"] {
    background: color-mix(in srgb, var(--oveit-accent) 26%, var(--card-background-color, #fff));
    color: var(--primary-text-color);
    font-weight: 600;
  }
  .modes button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  .sure {
    margin-top: -8px;
    font-weight: 500;
  }
  .failed {
    margin-top: -8px;
    color: var(--error-color, #b3261e);
    font-weight: 500;
  }
  @container (min-width: 700px) {
    .modes button {
      flex-direction: row;
      gap: 8px;
    }
    .gate {
      padding: 36px 40px;
    }
    .rows {
      grid-template-columns: repeat(3, auto);
      justify-content: space-between;
      align-items: center;
      gap: 10px 24px;
    }
    .rows li.alert {
      margin: 0;
    }
  }
`,Bt=5e3,Vt=[[`open_for_tickets`,`open`],[`scan_only`,`look`],[`closed`,`closed`],[`free_flow`,`free`]],Ht=class extends H{static{this.properties={...H.properties,verdict:{state:!0},showing:{state:!0},announced:{state:!0},failed:{state:!0},asking:{state:!0},preview:{attribute:!1}}}static{this.styles=[Ye,Rt,zt]}constructor(){super(),this.watch=new Ot,this.sound=new Ct(()=>this.requestUpdate()),this.allowSound=async()=>{await this.sound.allow(),this.sound.play(`admitted`)},this.showing=!1,this.announced=``,this.failed=!1,this.asking=!1}static getConfigForm(){return ut(ct)}static getStubConfig(e){let[t]=tt(e);return{entity:t?.event??``}}setConfig(e){e.entity!==this.config?.entity&&(this.watch=new Ot,this.hide()),this.config=e}getCardSize(){return 8}getGridOptions(){return{columns:12,rows:8,min_columns:6,min_rows:6}}disconnectedCallback(){clearTimeout(this.hiding),clearTimeout(this.forgetting),this.showing=this.asking=!1,this.sound.close(),super.disconnectedCallback()}watched(){let{gate:e}=this;if(!e)return[];let{event:t,mode:n,rehearsal:r,entries:i,perHour:a,connected:o,waiting:s}=e;return[t,n,r,i,a,...o,...s].filter(Boolean)}get gate(){return this.hass&&K(this.hass,this.config?.entity)}willUpdate(e){let{hass:t,gate:n}=this;if(!e.has(`hass`)||!t||!n)return;let r=this.watch.observe(t.states[n.event],t.connected,Date.now());r&&this.show(t,r)}show(e,t){let n=It(e,this.words,t);this.verdict=t,this.showing=!0,this.announced=n===this.announced?`${n}\u00a0`:n,this.config?.sound&&this.sound.play(t.tone),clearTimeout(this.hiding),this.hiding=setTimeout(()=>this.hide(),(this.config?.seconds??6)*1e3)}hide(){clearTimeout(this.hiding),this.showing=!1}async choose(e,t,n){if(this.failed=!1,!this.preview){if(clearTimeout(this.forgetting),this.asking=n===`free_flow`&&!this.asking&&e.states[t.mode]?.state!==n,this.asking)this.forgetting=setTimeout(()=>this.asking=!1,Bt);else try{await e.callService(`select`,`select_option`,{entity_id:t.mode,option:n})}catch{this.failed=!0}}}render(){let{hass:e,gate:t,words:n}=this;return!e||!t?w`<ha-card><div class="missing">${X(`ticket`)} ${e?n.notFound:``}</div></ha-card>`:w`<ha-card @keydown=${e=>e.key===`Escape`&&this.hide()}>
      <section class="gate" ?inert=${this.showing} aria-label=${this.heading(t)}>
        ${this.header(e,t)} ${this.middle(e,t)} ${this.rows(e,t)} ${this.modes(e,t)}
      </section>
      ${this.verdict?Lt(e,n,this.verdict,this.showing,()=>this.hide()):E}
      <div class="unheard" role="status" aria-live="assertive">${this.announced}</div>
    </ha-card>`}heading(e){return this.config?.name||R(e.device)}header(e,t){let{words:n}=this;return w`<header>
      <h2>${this.heading(t)}</h2>
      ${this.rehearses(e,t)?w`<p class="rehearsal">${n.rehearsalNow}</p>`:E}
      <p class="prompt">${this.prompt(e,t)}</p>
      ${this.config?.sound&&!this.sound.ready?w`<button class="pill" @click=${this.allowSound}>${X(`sound`)} ${n.soundOn}</button>`:E}
    </header>`}rehearses(e,t){return t.rehearsal!==void 0&&e.states[t.rehearsal]?.state===`on`&&!(t.mode&&e.states[t.mode]?.state===`free_flow`)}prompt(e,t){let{words:n}=this,r=e.states[t.event];if(!F(r)&&r?.state!==`unknown`)return n.unavailable;if(t.isExit)return n.readyExit;switch(t.mode&&e.states[t.mode]?.state){case`closed`:return n.closedNow;case`scan_only`:return n.scanNow;case`free_flow`:return n.freeNow;default:return n.ready}}middle(e,t){let{words:n}=this,r=I(e,t.entries),i=I(e,t.perHour),a=t.entries&&e.entities[t.entries]?.translation_key,o=t.isExit?n.exits:a===`checked_in`?n.checkedIn:n.entries;return w`<button class="count" @click=${()=>this.moreInfo(t.entries??t.event)}>
      <span class="number">${r===void 0?`–`:J(e,r)}</span>
      <span class="what">${o}</span>
      ${i===void 0?E:w`<span class="hour">${V(n.perHour,{count:J(e,i)})}</span>`}
    </button>`}rows(e,t){let{words:n}=this,r=t.connected.map(t=>e.states[t]).filter(F),i=r.some(e=>e.state===`off`),a=r.length>0&&!i,o=t.waiting.reduce((t,n)=>t+(I(e,n)??0),0);return w`<ul class="rows">
      <li>${this.lastRow(e,t)}</li>
      <li class=${a?``:`alert`}>
        ${X(a?`online`:`offline`)}
        ${a?n.connected:i?n.offline:n.unknownLine}
      </li>
      <li class=${o?`alert`:``}>
        ${X(`waiting`)}
        ${o===0?n.waitingNone:o===1?n.waitingOne:V(n.waiting,{count:J(e,o)})}
      </li>
    </ul>`}lastRow(e,t){let{words:n}=this,r=Dt(e.states[t.event]);if(!r)return w`${X(`ticket`)} ${t.isExit?n.nobodyLeft:n.nobody}`;let[i]=Q(n,r),a=Z(n,r),o=[Y(e,r.at),a,i,r.ticketType].filter(Boolean);return w`<span class="dot ${r.tone} ${a?`trial`:``}">${X(jt[r.tone])}</span> ${o.join(` · `)}`}modes(e,t){let{words:n}=this,r=t.mode?e.states[t.mode]:void 0;return!r||this.config?.mode_switch===!1?E:w`<div class="modes" role="group" aria-label=${n.mode}>
        ${Vt.map(([i,a])=>w`<button
              aria-pressed=${r.state===i}
              ?disabled=${r.state===`unavailable`}
              @click=${()=>this.choose(e,t,i)}
            >
              ${X(a)}<span>${n.modes[i]}</span>
            </button>`)}
      </div>
      ${this.asking?w`<p class="sure" role="alert">${n.freeSure}</p>`:E}
      ${this.failed?w`<p class="failed" role="alert">${n.modeFailed}</p>`:E}`}},Ut=`/config/integrations/dashboard/add?domain=oveit`,Wt=(e,t)=>({type:`heading`,heading:e,icon:t});function $(e,t=1){return{type:`grid`,column_span:t,cards:e}}function Gt(e){return $([{type:`custom:oveit-event-card`,entity:e.checkedIn,grid_options:{columns:`full`}}],2)}function Kt(e){return $([{type:`custom:oveit-gate-card`,entity:e.event}])}function qt(e,t){let n=z(e.language);return $(t.flatMap(e=>{let r=(e,t={})=>e?[{type:`tile`,entity:e,name:{type:`entity`},...t}]:[],i={grid_options:{columns:12}},a=[...[e.connected,e.listAge,e.waiting,e.conflicts].flatMap(e=>r(e)),...r(e.ready,{state_content:[`state`,`reasons`],...i}),...r(e.sync,{hide_state:!0,...i})];return[Wt(t.length>1?`${n.diagnostics}: ${R(e.device)}`:n.diagnostics,`mdi:cloud-check-variant`),...a]}))}function Jt(e,t,n){let r={entity_id:(n.length?n.map(e=>e.event):t.map(e=>e.checkIn)).filter(Boolean)};if(r.entity_id.length===0)return[];let i={type:`logbook`,target:r,hours_to_show:12,grid_options:{columns:12,rows:8}};return[$([Wt(z(e.language).recent,`mdi:ticket-confirmation`),i])]}function Yt(e){let t=z(e.language),[n,r]=[nt(e),tt(e)],i={title:t.overview,path:`overview`,icon:`mdi:ticket-confirmation`,type:`sections`,max_columns:3,dense_section_placement:!0};if(n.length===0)return{...i,sections:[$([{type:`markdown`,content:V(t.welcome,{link:Ut})}],3)]};let a=[...n.map(Gt),...r.map(Kt)];return{...i,sections:[...a,...Jt(e,n,r),qt(e,n)]}}function Xt(e){return{title:R(e.device),path:`gate-${e.event.split(`.`)[1].replaceAll(`_`,`-`)}`,type:`panel`,cards:[{type:`custom:oveit-gate-card`,entity:e.event}]}}var Zt=class extends HTMLElement{static{this.registryDependencies=[`entities`,`devices`]}static async generate(e,t){return{title:B().cards.dashboard[0],views:[Yt(t),...tt(t).map(Xt)]}}static async getCreateSuggestions(){return{title:`Oveit`,icon:`mdi:ticket-confirmation`}}},Qt=class extends HTMLElement{static{this.registryDependencies=[`entities`,`devices`]}static async generate(e,t){return Yt(t)}},$t=`https://github.com/oveit-home-assistant/oveit/blob/main/docs/dashboard.md`,en={"oveit-gate-card":Ht,"oveit-event-card":xt,"ll-strategy-dashboard-oveit":Zt,"ll-strategy-view-oveit":Qt};for(let[e,t]of Object.entries(en))customElements.get(e)||customElements.define(e,t);function tn(e,t,[n,...r]){return n!==void 0&&[n,...r].includes(t)?{config:{type:`custom:${e}`,entity:n}}:null}var nn=[{type:`oveit-gate-card`,get name(){return B().cards.gate[0]},get description(){return B().cards.gate[1]},preview:!0,documentationURL:$t,getEntitySuggestion:(e,t)=>{let n=K(e,t);return tn(`oveit-gate-card`,t,[n?.event,n?.mode])}},{type:`oveit-event-card`,get name(){return B().cards.event[0]},get description(){return B().cards.event[1]},preview:!0,documentationURL:$t,getEntitySuggestion:(e,t)=>{let n=q(e,t);return tn(`oveit-event-card`,t,[n?.checkedIn,n?.tickets,n?.remaining,n?.arrivals])}}],rn=[{type:`oveit`,strategyType:`dashboard`,get name(){return B().cards.dashboard[0]},get description(){return B().cards.dashboard[1]},documentationURL:$t}],an=window;function on(e,t){let n=an[e]??=[];n.push(...t.filter(({type:e})=>!n.some(t=>t.type===e)))}on(`customCards`,nn),on(`customStrategies`,rn)})();
});
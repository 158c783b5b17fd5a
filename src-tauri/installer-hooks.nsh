; What the installer and the uninstaller of Windows do besides.
;
; The uninstaller deletes all of the folder in which a person's data are, if its box is
; ticked. A server in there holds the history of a whole team, and there is no other.

!macro NSIS_HOOK_PREUNINSTALL
  ${If} $DeleteAppDataCheckboxState = 1
  ${AndIf} $UpdateMode <> 1
  ${AndIf} ${FileExists} "$LOCALAPPDATA\im.startalk.desktop\server\*.*"
    ClearErrors
    ; Does nothing where that name is taken.
    Rename "$LOCALAPPDATA\im.startalk.desktop\server" "$LOCALAPPDATA\im.startalk.server-kept"
    ${If} ${Errors}
      ; As while the server runs. Then nothing is deleted.
      StrCpy $DeleteAppDataCheckboxState 0
      DetailPrint "The data of the server are in use or cannot be moved: all data stay."
    ${Else}
      ; By what is in it the app knows that there is one. An older one belongs to nothing.
      Delete "$LOCALAPPDATA\im.startalk.server-kept.json"
      Rename "$LOCALAPPDATA\im.startalk.desktop\server.json" "$LOCALAPPDATA\im.startalk.server-kept.json"
      DetailPrint "The data of the server are kept: $LOCALAPPDATA\im.startalk.server-kept"
    ${EndIf}
  ${EndIf}
!macroend

!macro NSIS_HOOK_POSTINSTALL
  ${If} ${FileExists} "$LOCALAPPDATA\im.startalk.server-kept\*.*"
  ${AndIfNot} ${FileExists} "$LOCALAPPDATA\im.startalk.desktop\server\*.*"
    CreateDirectory "$LOCALAPPDATA\im.startalk.desktop"
    ClearErrors
    Rename "$LOCALAPPDATA\im.startalk.server-kept" "$LOCALAPPDATA\im.startalk.desktop\server"
    ${IfNot} ${Errors}
      Delete "$LOCALAPPDATA\im.startalk.desktop\server.json"
      Rename "$LOCALAPPDATA\im.startalk.server-kept.json" "$LOCALAPPDATA\im.startalk.desktop\server.json"
    ${EndIf}
  ${EndIf}
!macroend
